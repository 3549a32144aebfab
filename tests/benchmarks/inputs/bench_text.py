"""An access log for a source that only benchmarks have: each line as it is."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from benchmarks.inputs import Facts, Framing, Input, over_and_over
from benchmarks.packing import packed, packed_by_zstd, unpacked
from benchmarks.templates import Scene, compiled
from benchmarks.vocabulary import aws_words, moment
from shipper.demo.objects import StoredObject

TIME: Final = "%d/%b/%Y:%H:%M:%S +0000"
_LINE: Final = (
    "{hex32}{hex32} {bucket} [%s] {public_ip} arn:aws:sts::{account}:assumed-role/{role}/{session} {hex16} "
    'REST.GET.OBJECT {key} "GET /{key}?versionId={hex32} HTTP/1.1" 200 - {count} {count} {small} "-" '
    '"aws-sdk-java/2.31.63 md/io#sync md/http#Apache ua/2.1 lang/java#21.0.7 {word}" TLSv1.3'
)


def write(random: Random, records: int, objects: int) -> Iterator[StoredObject]:
    """Write log files."""
    line = compiled(_LINE, aws_words())
    for number in range(objects):
        lines = [f"{line(Scene(random)) % moment(random).strftime(TIME)}\n" for _ in range(records // objects)]
        yield StoredObject(f"bench/text/{number}", packed(["".join(lines).encode()]))


def facts(objects: Iterable[StoredObject]) -> Facts:
    """Count lines and bytes."""
    texts = [unpacked(body) for _, body in objects]
    records = sum(text.count(b"\n") for text in texts)
    return {"records": records, "bytes a record": round(sum(map(len, texts)) / records)}


inputs = (Input("bench.text", 50_000, write, facts, {"": Framing(over_and_over, packed_by_zstd)}),)
