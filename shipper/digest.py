"""Names of our own making, for what has none: made of other names, and the same whenever they are."""

from hashlib import blake2b


def digest(*parts: str) -> str:
    """Name what these parts belong to together, in 30 hexadecimal digits."""
    return blake2b("\0".join([*parts, ""]).encode(), digest_size=15).hexdigest()
