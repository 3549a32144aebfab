"""
The last resort: where a dead letter is kept that OpenSearch refuses too.

shelf       what a place for letters can do, and what the letters are called there
directory   a directory of this machine
prefix      keys below a prefix in S3
opening     from the configuration to a shelf
keeping     what delivery does with a refused letter: keep it, or let its message come again
"""

from shipper.lastresort.keeping import LastResort, Refused
from shipper.lastresort.opening import configured, own_routes, shelf_at
from shipper.lastresort.shelf import Shelf

__all__ = ["LastResort", "Refused", "Shelf", "configured", "own_routes", "shelf_at"]
