"""The checks of the fuzzing hold for what it begins with, and see what breaks a promise."""

from typing import Any

import pytest
from fuzz import harness
from fuzz.harness import BrokenPromiseError
from fuzz.targets import targets

from shipper.formats import Record, Unparsed

TARGETS = targets()
KNOBS = (b"\x00\x00\x05\x09", b"\x01\x03\x05\x09", b"\x02\xff\x80\x40")
LINES = b"one\ntwo\nthree\n" * 400


class Line(Record):
    """A line."""

    text: str


class Lines:
    """A format, and its decoder: the last block, line by line."""

    def decoder(self, *, record_bytes: int) -> "Lines":
        """Start on one object."""
        assert record_bytes
        self.waiting = b""
        self.parts: list[bytes] = []
        return self

    def feed(self, block: bytes) -> list[Any]:
        """Decode the lines that this block completes."""
        *self.parts, self.waiting = (self.waiting + block).split(b"\n")
        return [Line(text=part.decode()) for part in self.parts]

    def finish(self) -> list[Any]:
        """Decode the last line."""
        self.parts, self.waiting = [self.waiting] if self.waiting else [], b""
        return [Line(text=part.decode()) for part in self.parts]

    def original(self, index: int) -> bytes:
        """Give a line."""
        return self.parts[index]

    def unparsed(self, _: int) -> tuple[Unparsed, ...]:
        """Lines have no values of the wrong type."""
        return ()


class Hoarding(Lines):
    """Keeps every block."""

    def feed(self, block: bytes) -> list[Any]:
        """Decode, and keep the block."""
        self.hoard: list[bytes] = [*getattr(self, "hoard", []), block]
        return super().feed(block)


class Forgetful(Lines):
    """Forgets what a block leaves over."""

    def feed(self, block: bytes) -> list[Any]:
        """Decode the lines of this block."""
        self.waiting = b""
        return super().feed(block)


class Endless(Lines):
    """Never comes to an end."""

    def finish(self) -> list[Any]:
        """Give one more line."""
        self.waiting = b"more"
        return super().finish()


class Foreign(Lines):
    """Gives what is no record."""

    def feed(self, block: bytes) -> list[Any]:
        """Give lines as they are."""
        return [one.text for one in super().feed(block)]


@pytest.fixture(autouse=True)
def _shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits as fuzzing does, for one test."""
    for module, name in harness.SHRUNK:
        monkeypatch.setattr(module, name, harness.FEW_BYTES)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_break_no_promise(name: str) -> None:
    """What fuzzing begins with is read as promised, whatever the longest record and wherever blocks end."""
    check, seeds = TARGETS[name]
    assert seeds
    for seed in seeds:
        check(seed)
        for knobs in KNOBS:
            check(knobs + seed[harness.KNOBS :])


@pytest.mark.parametrize(
    ("format_", "complaint"),
    [
        (Hoarding(), "are kept"),
        (Forgetful(), "depends on the blocks"),
        (Endless(), "end"),
        (Foreign(), "neither record"),
    ],
)
def test_broken_decoders_are_seen(format_: Any, complaint: str) -> None:
    """Keeping too much, looking at blocks, going on for ever and giving something else are all seen."""
    harness.decoder(Lines())(KNOBS[0] + LINES)
    with pytest.raises(BrokenPromiseError, match=complaint):
        harness.decoder(format_)(KNOBS[0] + LINES)


@pytest.mark.parametrize("text", [b'{"a":\n1}', b'{"a":NaN}', b'{"a":1,"a":2}', b"[" * 40 + b"]" * 40])
def test_broken_documents_are_seen(text: bytes) -> None:
    """A document of two lines, with no number for a number, with a name twice, or too deep is seen."""
    harness.document(b'{"a":[{"b":1}]}')
    with pytest.raises(BrokenPromiseError):
        harness.document(text)
