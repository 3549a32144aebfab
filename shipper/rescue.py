"""
Mending a document that OpenSearch refused, without any I/O.

A document is worth more than the one field that it is refused for. What the reason names is taken out and kept as text
in `shipper.unparsed`; all other bytes of the document stay as they are. The tag `rescued` tells such documents from
those with `type_drift`, where a log differs from what we declare: here the index differs, mostly by a mapping of the
user's.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from shipper.ecs import Unparsed
from shipper.refusals import Judge, Refusal, Spot, anything, is_object, read, text

TAG: Final = "rescued"

CUT: Final = "cut"
"""Tag of a document that holds less than its record."""

VALUE_BYTES: Final = 32_000
"""Of a value that are kept: the place where they are kept takes any length as we map it, and this much as keyword."""

PATH_CHARACTERS: Final = 512
"""Of a path that are kept; a name may itself be what is too long."""

MOST_FIELDS: Final = 32
"""Fields that are taken out at once; a document with more is of another kind altogether."""

MOST_ROUNDS: Final = 5
"""How often one document is mended before it is given up; each time OpenSearch names one field."""

PROTECTED: Final = ("@timestamp", "data_stream", "shipper.unparsed", "tags")
"""Without the first two a document does not belong where it goes; the others are needed to tell what was done."""

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, Raw]).decode
_elements = msgspec.json.Decoder(list[Raw]).decode
_strings = msgspec.json.Decoder(list[str]).decode
_kept = msgspec.json.Decoder(list[Unparsed]).decode


def mend(document: bytes, reason: str) -> bytes | None:
    """
    Take out of a document what OpenSearch refuses it for.

    Args:
        document: as JSON, in one line
        reason: of OpenSearch; see `shipper.bulk.Item`

    Returns:
        The document as it may be offered again, or None when it cannot be mended.
    """
    refusal = read(reason)
    if refusal is None:
        return None
    try:
        root = _members(document)
        before = _kept(_members(root.get("shipper", b"{}")).get("unparsed", b"[]"))
        for attempt in _attempts(refusal, {one.field for one in before}):
            excision = _Excision(attempt)
            mended = excision.without(Raw(document))
            if excision.taken:
                return _told(mended, before, excision.taken) if len(excision.taken) <= MOST_FIELDS else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # It is not as we write documents. OpenSearch's reason is what counts, and the dead letter tells it.
        return None
    return None


def _attempts(refusal: Refusal, before: set[str]) -> Iterator[Refusal]:
    """Give what may be meant, the least first: some values of the field, all, or those of the field it is made of."""
    if not refusal.field:
        yield refusal
        return
    parent, _, _ = refusal.field.rpartition(".")
    if not before & {refusal.field, parent}:  # whoever has one bad value after another would need endless rounds
        yield refusal
    yield Refusal(field=refusal.field, is_bad=anything)
    if parent:  # `name.keyword` is a field of the mapping, made of the document's `name`
        yield Refusal(field=parent, is_bad=_unless_object(refusal.is_bad))
        yield Refusal(field=parent, is_bad=_unless_object(anything))


def _unless_object(judge: Judge) -> Judge:
    return lambda value, at: not is_object(value) and judge(value, at)


class _Excision:
    """
    Takes the bad values of one refusal out of a document.

    Attributes:
        taken: the values, as JSON, by their path
    """

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal
        self.taken: dict[str, list[bytes]] = {}

    def without(self, document: Raw) -> dict[str, Raw]:
        """Give the members that are left of a document."""
        return self._members_left(document, self._refusal.field, Spot())

    def _left(self, value: Raw, names: str, at: Spot) -> Raw | None:
        """
        Give what is left of a value; None for nothing.

        Args:
            value: as JSON
            names: that lead from it to the field, joined by dots; empty when it belongs to the field
            at: where it stands
        """
        data = bytes(value)
        if not names and not _is_protected(at.path) and self._refusal.is_bad(data, at):
            self.taken.setdefault(at.path, []).append(data)
            return None
        if data.startswith(b"["):
            elements, deeper = _elements(value), at._replace(arrays=at.arrays + 1)
            left = [one for element in elements if (one := self._left(element, names, deeper)) is not None]
            return _same_or_less(value, elements, left)
        if is_object(data) and (names or self._refusal.below):
            return _same_or_less(value, _members(value), self._members_left(value, names, at))
        return value

    def _members_left(self, value: Raw, names: str, at: Spot) -> dict[str, Raw]:
        left = {}
        for name, member in _members(value).items():
            further: Raw | None = member
            if not names or names == name or names.startswith(f"{name}."):  # a name may itself hold dots
                spot = Spot(f"{at.path}.{name}" if at.path else name, at.objects + 1)
                further = self._left(member, names[len(name) + 1 :], spot)
            if further is not None:
                left[name] = further
        return left


def _same_or_less(value: Raw, parts: list[Raw] | dict[str, Raw], left: list[Raw] | dict[str, Raw]) -> Raw | None:
    """Write what is left of the parts of a value; an object or array that lost its last part goes as well."""
    if left == parts:
        return value
    return Raw(_encode(left)) if left else None


def _is_protected(path: str) -> bool:
    return any(f"{path}.".startswith(f"{one}.") or one.startswith(f"{path}.") for one in PROTECTED)


def _told(root: dict[str, Raw], before: list[Unparsed], taken: dict[str, list[bytes]]) -> bytes:
    """Write a document that says what was taken out of it."""
    tags = [*_strings(root.get("tags", b"[]")), TAG]
    unparsed = list(before)
    for path, values in taken.items():
        value = text(values[0]) if len(values) == 1 else f"[{b','.join(values).decode()}]"
        encoded = value.encode()
        if len(encoded) > VALUE_BYTES:
            value = encoded[:VALUE_BYTES].decode(errors="ignore")
            tags.append(CUT)
        unparsed.append(Unparsed(field=path[:PATH_CHARACTERS], value=value))
    shipper = _members(root.get("shipper", b"{}"))
    shipper["unparsed"] = Raw(_encode(unparsed))
    root["shipper"] = Raw(_encode(shipper))
    root["tags"] = Raw(_encode(list(dict.fromkeys(tags))))
    return _encode(root)
