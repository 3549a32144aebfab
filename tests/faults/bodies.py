"""What goes wrong with the bodies of S3 objects: a few times, then they are right."""

import asyncio
from random import Random
from typing import Final, Literal

from aiohttp import web

from faults.chances import Chances
from faults.forwarding import Answer, cut
from faults.holds import Holds
from faults.kinds import Fault

TRICKLE_SECONDS: Final = 17.0
"""Long enough for a message to need more time; see `holds.EXTENSION_SECONDS`."""

_HEADER_BYTES: Final = 10
_TRAILER_BYTES: Final = 8
_SLOW_SECONDS: Final = 1.5
_PIECES: Final = 20
_MISSING: Final = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>made up</Message></Error>"
_BUSY: Final = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>made up</Message></Error>"
_XML: Final = {"content-type": "application/xml"}


class BrokenBodies:
    """
    Faults of GetObject.

    Args:
        chances: which requests are struck
        holds: knows how often a message was received
        final_receive: see `AwsProxy`; what is final then is not made up then
    """

    def __init__(self, chances: Chances, holds: Holds, *, final_receive: int) -> None:
        self._chances = chances
        self._holds = holds
        self._final_receive = final_receive

    def instead(self, key: str) -> Answer | Literal["reset"] | None:
        """Give what is answered without asking S3; None if S3 is to be asked."""
        if self._early(key) and self._chances.strikes(Fault.S3_MISSING, key=key):
            return Answer(404, _XML, _MISSING)
        if self._chances.strikes(Fault.S3_BUSY, key=key):
            return Answer(503, _XML, _BUSY)
        return "reset" if self._chances.strikes(Fault.S3_RESET, key=key) else None

    async def send(self, request: web.Request, key: str, answer: Answer) -> web.StreamResponse:
        """Send an answer of S3 on, whole and right or not."""
        if answer.status != 200 or len(answer.body) < 2:
            return answer.response()
        body = self._damaged(key, answer.body)
        if self._chances.strikes(Fault.S3_CUT, key=key):
            cut_at = self._chances.random.randrange(1, len(body))
            await _in_pieces(request, answer, body[:cut_at], 0.0, announced=len(body))
            return cut(request)
        return await _in_pieces(request, answer, body, self._seconds(key))

    def _damaged(self, key: str, body: bytes) -> bytes:
        """Give a body as it is sent."""
        if not self._early(key):
            return body
        if self._chances.strikes(Fault.S3_CORRUPT, key=key):
            return _corrupt(self._chances.random, body)
        if self._chances.strikes(Fault.S3_GARBLED, key=key):
            return _garbled(self._chances.random, body)
        return body

    def _seconds(self, key: str) -> float:
        """Give how long it takes to send a body."""
        if self._chances.strikes(Fault.S3_TRICKLE, key=key):
            return TRICKLE_SECONDS
        slow = self._chances.strikes(Fault.S3_SLOW, key=key)
        return self._chances.random.uniform(0.2, _SLOW_SECONDS) if slow else 0.0

    def _early(self, key: str) -> bool:
        """Tell whether there is a receive to come after this one at which the object may still be right."""
        return self._holds.receives(key) <= self._final_receive - 2


def _corrupt(random: Random, body: bytes) -> bytes:
    """Damage what tells that gzip data are whole: its end, or the checksum of its contents."""
    if random.random() < 0.5:
        return body[: random.randrange(1, len(body))]
    return body[:-_TRAILER_BYTES] + random.randbytes(_TRAILER_BYTES)


def _garbled(random: Random, body: bytes) -> bytes:
    """Flip a bit of the packed data: for a while, if not to the end, they inflate to something else."""
    place = random.randrange(min(_HEADER_BYTES, len(body) - 1), len(body))
    return body[:place] + bytes([body[place] ^ 1 << random.randrange(8)]) + body[place + 1 :]


async def _in_pieces(
    request: web.Request, answer: Answer, body: bytes, seconds: float, *, announced: int | None = None
) -> web.StreamResponse:
    """Send a body over some time; another length may be announced than it has."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(body) if announced is None else announced
    await response.prepare(request)
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await asyncio.sleep(seconds / _PIECES)
    return response
