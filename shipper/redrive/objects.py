"""Reads an object again for its letters, as the pipeline does."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from shipper.bucket import ObjectStore
from shipper.deadletter import UNKNOWN, WHOLE_OBJECT, DeadLetters, Place
from shipper.errors import LetterError, ObjectError, ObjectMissing, RecordError
from shipper.notification import NO_OBJECT
from shipper.recognition import recognized
from shipper.redrive.cases import Case, Cases
from shipper.redrive.courier import Courier, Parcel
from shipper.redrive.letterbox import Letterbox
from shipper.redrive.letters import Letter
from shipper.redrive.originals import shipped_from_original
from shipper.shipment import Shipment, Shipped
from shipper.source import Claim, Origin, Skip, Source, Sources


class Objects:
    """
    Drives records through the current code: from their object, else from what their letter holds.

    Args:
        sources: the log sources
        store: where objects are read
        box: where letters lie
        courier: takes documents and letters
        letters: writes letters
        namespace: of the data streams
        record_bytes: longest record
        now: the time
    """

    def __init__(
        self,
        *,
        sources: Sources,
        store: ObjectStore,
        box: Letterbox,
        courier: Courier,
        letters: DeadLetters,
        namespace: str,
        record_bytes: int,
        now: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._store = store
        self._box = box
        self._courier = courier
        self._letters = letters
        self._namespace = namespace
        self._record_bytes = record_bytes
        self._now = now

    async def drive(self, cases: Cases) -> None:
        """
        Drive all cases of one object; what became of each is told by its tally once the courier has delivered.

        Raises:
            OpenSearchError: OpenSearch does not take documents
        """
        claim = self._sources.route(cases.ref)
        if isinstance(claim, Skip):
            for case in cases:
                case.ignore(f"its object holds no logs ({claim.reason})")
            return
        place = Place(dataset=claim[0].dataset if claim else UNKNOWN, object=cases.ref)
        cases.opened(place)
        claim = await self._read(claim, place, cases)
        for case in cases.records.values():
            if case.gone and (made_by := claim or self._sources.of(cases.ref, case.letters[0].content.dataset)):
                await self._restore(*made_by, case)

    async def restore(self, case: Case) -> None:
        """
        Drive a record that comes from no object: all there is of it is what its letters hold.

        Raises:
            OpenSearchError: OpenSearch does not take documents
        """
        dataset = case.letters[0].content.dataset
        if made_by := self._sources.of(NO_OBJECT, dataset):
            await self._restore(*made_by, case)
        else:
            case.fail(f"there is no source for {dataset}")

    async def _read(self, claim: Claim | None, place: Place, cases: Cases) -> Claim | None:
        """Read the object up to where nothing of interest follows; give what it is, if that is known."""
        shipment: Shipment | None = None
        try:
            async with self._store.read(cases.ref) as reading:
                cases.opened(place := replace(place, version=reading.version))
                blocks = reading.blocks()
                known = await recognized(claim, self._sources, cases.ref, blocks, record_bytes=self._record_bytes)
                if known is None:
                    return None
                claim = known.source, known.origin
                cases.opened(replace(place, dataset=known.source.dataset))
                shipment = self._shipment(*claim, reading.version)
                async for block in known.blocks:
                    await self._take(shipment.index, shipment.feed(block, self._now()), cases)
                    if cases.is_met:
                        return claim
                await self._take(shipment.index, shipment.finish(self._now()), cases)
        except ObjectError as error:
            if shipment is not None and _is_final(error):  # what is readable is worth having
                await self._take(shipment.index, shipment.break_off(self._now()), cases)
            await self._failed(cases, error)
        return claim

    def _shipment(self, source: Source[Any, Any], origin: Origin, version: str) -> Shipment:
        return Shipment(source, origin, namespace=self._namespace, version=version, record_bytes=self._record_bytes)

    async def _failed(self, cases: Cases, error: ObjectError) -> None:
        """Note of whatever was not met what is wrong with the object."""
        for case in cases.records.values():
            if case.is_open:
                case.fail(error.message)
                case.gone = isinstance(error, ObjectMissing)
        if _is_final(error):
            await self._bury_whole(cases, error.reason, error.message)
        elif cases.whole:
            cases.whole.fail(error.message)

    async def _take(self, index: str, shipped: Iterator[Shipped], cases: Cases) -> None:
        for one in shipped:
            case = cases.at(one.position)
            if case is not None:
                await self._account(index, one, case)

    async def _account(self, index: str, shipped: Shipped, case: Case) -> None:
        """Count a record for its case, and send on what became of it."""
        tally = case.tally
        position, id_, _, result = shipped
        tally.read += 1
        if isinstance(result, bytes):
            parcel = Parcel(
                index=index,
                id=id_,
                document=result,
                tally=tally,
                position=position,
                by_position=case.position == WHOLE_OBJECT and _is_changed(case),
            )
            await self._courier.add(parcel)
        elif isinstance(result, RecordError):
            letter = self._letters.of_record(tally.place, position, result, self._now())
            await self._bury(case, position, letter, f"{result.reason}: {result.cause}")
        else:
            tally.filtered += 1

    async def _bury_whole(self, cases: Cases, reason: str, cause: str) -> None:
        """Write the letter of an object that is still not as it should be."""
        case = cases.whole
        if case is None:
            return
        case.tally.read += 1
        letter = self._letters.of_object(case.tally.place, reason, cause, self._now())
        await self._bury(case, WHOLE_OBJECT, letter, f"{reason}: {cause}")

    async def _bury(self, case: Case, position: int, letter: tuple[str, bytes], why: str) -> None:
        id_, document = letter
        case.written.add(id_)
        case.why = why
        await self._courier.add(
            Parcel(
                index=self._letters.index,
                id=id_,
                document=document,
                tally=case.tally,
                position=position,
                dead=True,
            )
        )

    async def _restore(self, source: Source[Any, Any], origin: Origin, case: Case) -> None:
        """Drive a record whose object is gone from what its letters hold: the original, else the refused document."""
        reasons = [case.why]
        for letter in case.letters:
            try:
                whole = await self._box.whole(letter)
                case.tally.place = Place(dataset=source.dataset, object=case.tally.place.object, version=letter.version)
                shipment = self._shipment(source, origin, letter.version)
                shipped = self._rejected(whole) if whole.content.document else self._original(whole, source, origin)
            except LetterError as error:
                reasons.append(str(error))
                continue
            case.failed, case.why = False, ""
            await self._account(shipment.index, shipped, case)
            return
        case.why = "; ".join(reasons)

    def _original(self, letter: Letter, source: Source[Any, Any], origin: Origin) -> Shipped:
        return shipped_from_original(
            letter,
            source,
            origin,
            namespace=self._namespace,
            record_bytes=self._record_bytes,
            now=self._now(),
        )

    @staticmethod
    def _rejected(letter: Letter) -> Shipped:
        id_, document = letter.rejected
        return Shipped(letter.content.position or 0, id_, None, document)


def _is_final(error: ObjectError) -> bool:
    """Tell whether the daemon would write a letter at the last receive."""
    return error.final_when_repeated or not error.retryable


def _is_changed(case: Case) -> bool:
    """Tell whether a part of the object was read when it had other content, under other ids."""
    return any(letter.version not in ("", case.tally.place.version) for letter in case.letters)
