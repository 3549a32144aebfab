"""Objects that hold several records in an array, each of which shall have bytes that can be read by themselves."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

Path = Sequence[str]
"""Names from an object down to the array in it."""

_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_items: Final = msgspec.json.Decoder(list[Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


class Several:
    """
    One such object, taken apart once for all its records: once for each, the time would grow with their number squared.

    Args:
        text: the object
        path: of the array

    Attributes:
        text: the object
        items: the records

    Raises:
        UnicodeDecodeError: a name in it is not UTF-8
    """

    def __init__(self, text: bytes, path: Path) -> None:
        self.text = text
        *above, self._name = path
        self._object: dict[str, Any] = dict(_members(text))
        self._holder = self._object
        for name in above:
            inner: dict[str, Any] = dict(_members(self._holder[name]))
            self._holder[name] = inner
            self._holder = inner
        self.items = _items(self._holder[self._name])

    def with_only(self, item: Raw) -> bytes:
        """Write the object once more with no other record in it."""
        self._holder[self._name] = [item]
        return _encode(self._object)
