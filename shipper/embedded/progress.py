"""What a person sees while a server is fetched and started."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Progress: TypeAlias = Callable[[str], None]

MEBIBYTE = 1 << 20
STEPS = 10


def silent(_line: str) -> None:
    """Show nothing."""


@contextmanager
def download_steps(progress: Progress, filename: str, total: int) -> Iterator[Callable[[int], None]]:
    """
    Turn the bytes of a download into ten lines.

    Args:
        progress: receives the lines
        filename: what is downloaded
        total: bytes it has

    Yields:
        A function to be called with the length of each piece, in bytes.
    """
    received = shown = 0

    def advance(length: int) -> None:
        nonlocal received, shown
        received += length
        if (step := received * STEPS // total) > shown:
            shown = step
            progress(f"downloading {filename}: {received // MEBIBYTE} of {total // MEBIBYTE} MiB")

    progress(f"downloading {filename}: {total // MEBIBYTE} MiB")
    yield advance
