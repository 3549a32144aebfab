"""Names of our own making, for what has none: made of other names, and the same whenever they are."""

from hashlib import blake2b


def digest(*parts: str) -> str:
    """Name what these parts belong to together, in 30 hexadecimal digits."""
    hashed = blake2b(digest_size=15)
    for part in parts:
        hashed.update(part.encode() + b"\0")
    return hashed.hexdigest()
