"""Spans of time, and what is left of one."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct


class Span(Struct, frozen=True, order=True):
    """
    From one moment to another; both belong to it.

    Attributes:
        since: the earlier one
        until: the later one
    """

    since: datetime
    until: datetime


def uncovered(wanted: Span, covered: Iterable[Span]) -> list[Span]:
    """
    Give what is left of a span, the newest first.

    The first and the last moment of a covered span count as not covered: there may be more events of the same second.

    Args:
        wanted: the span
        covered: in any order; they may overlap
    """
    gaps = []
    reached = wanted.since
    for span in sorted(covered):
        if span.until <= reached or span.since >= span.until:
            continue
        if span.since >= wanted.until:
            break
        if span.since > reached:
            gaps.append(Span(reached, span.since))
        reached = span.until
    if reached < wanted.until:
        gaps.append(Span(reached, wanted.until))
    return gaps[::-1]
