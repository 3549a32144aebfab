"""
A member that a record holds as bytes, because many records repeat it to the byte: who called, for example.

What is made of such a member can then be cached by its bytes, and is not decoded again and again. It must still be read
as if it had been decoded in its record: what it holds, a Struct or a list of them, is declared beside it, and a value
in it that is not as declared is set aside under its whole path.
"""

import typing
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, field

from shipper.formats.record import Record, Unparsed
from shipper.formats.repair import repair

R = TypeVar("R", bound=Record | list[Any])


def holds(kind: type[Record | list[Any]]) -> Meta:
    """
    Say what a member of type `Raw` holds.

    The member is declared with both: `Annotated[Raw, holds(Caller)]`.
    """
    return Meta(extra={"holds": kind})


def held(declared: Any) -> type[Record | list[Any]] | None:
    """Give the type of what a member holds, from the type that it is declared with; None if it is not held as bytes."""
    if typing.get_origin(declared) is not Annotated:
        return None
    notes = [note.extra or {} for note in declared.__metadata__ if isinstance(note, Meta)]
    return next((note["holds"] for note in notes if "holds" in note), None)


class Undecodable(ValueError):
    """A member cannot be decoded, and its record is given up like one that cannot be decoded itself."""


class Held(Generic[R]):
    """
    Decodes such a member.

    Args:
        kind: type of what it holds
        name: of the member
    """

    def __init__(self, kind: type[R], name: str) -> None:
        self._name = name
        self._decode = msgspec.json.Decoder(kind | None, strict=False).decode
        around = msgspec.defstruct("Around", [("held", kind | None, field(name=name, default=None))], bases=(Record,))
        self._decode_around: Callable[[bytes], Any] = msgspec.json.Decoder(around, strict=False).decode

    def read(self, data: bytes) -> tuple[R | None, tuple[Unparsed, ...]]:
        """
        Decode it.

        Args:
            data: the member's value as JSON; empty if the record has no such member

        Returns:
            What it holds, and the values in it that were set aside.

        Raises:
            Undecodable: it is not JSON after all, or nothing in it is as declared
        """
        if not data:
            return None, ()
        try:
            try:
                return self._decode(data), ()
            except msgspec.ValidationError:
                around, unparsed = repair(msgspec.json.encode({self._name: Raw(data)}), self._decode_around)
                return around.held, unparsed
        except UnicodeDecodeError as error:
            raise Undecodable(f"{self._name}: invalid UTF-8") from error
        except (msgspec.DecodeError, RecursionError) as error:
            raise Undecodable(f"{self._name}: {error}") from error
