"""Why the demo could not be played to its end."""

from shipper.errors import ShipperError


class DemoError(ShipperError):
    """A part of the demo failed: `shipper install`, the daemon, or the way of the objects through it."""

    reason = "demo"
