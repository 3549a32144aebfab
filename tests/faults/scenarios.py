"""What the oracle makes go wrong and what must become of the records: the table in `docs/delivery.md`."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from faults.kinds import Fault

PAGE: Final = Path(__file__).parents[2] / "docs" / "delivery.md"
_BEGIN: Final = "<!-- scenarios: written by tests/faults/test_oracle.py --update-goldens -->\n"
_END: Final = "<!-- end of scenarios -->\n"


class Scenario(Struct, frozen=True):
    """
    Some kinds of faults that have the same outcome.

    Attributes:
        faults: the kinds
        what: what happens
        outcome: what the shipper does about it
    """

    faults: tuple[Fault, ...]
    what: str
    outcome: str


SCENARIOS: Final = (
    Scenario(
        (Fault.S3_SLOW, Fault.S3_TRICKLE),
        "a body takes long, longer than a message stays hidden without us",
        "the message is kept hidden; a body of less than 16 KiB a second is given up after a minute and read again",
    ),
    Scenario(
        (Fault.S3_CUT, Fault.S3_CORRUPT, Fault.S3_GARBLED),
        "the connection breaks inside a body; it ends early, its checksum is wrong, a bit of it is flipped",
        "read again; of an object of up to 4 MiB inflated nothing was shipped before its checksum was seen",
    ),
    Scenario(
        (Fault.S3_MISSING, Fault.S3_BUSY, Fault.S3_RESET),
        "404 and then there; 503; the connection breaks before the answer",
        "tried again; at the third receive a missing object is a dead letter",
    ),
    Scenario(
        (Fault.TRAIL_COPIED,),
        "a second trail has written the same events to another object",
        "one document for each event: its id is the event's own",
    ),
    Scenario(
        (Fault.MESSAGE_DUPLICATED, Fault.MESSAGE_REORDERED, Fault.VISIBILITY_LAPSED, Fault.RECEIPT_STALE),
        "an object is announced again; messages come in another order; a message becomes visible to others while it is "
        "worked on; its receipt is no longer valid",
        "what is there already is a duplicate and is counted as one",
    ),
    Scenario(
        (Fault.RECEIVE_BUSY, Fault.RECEIVE_LOST, Fault.HEARTBEAT_FAILED, Fault.HEARTBEAT_DELAYED),
        "SQS answers 503; an answer with messages never arrives; an extension fails or takes long",
        "asked again; messages come again when their visibility ends",
    ),
    Scenario(
        (Fault.RELEASE_FAILED, Fault.DELETE_FAILED, Fault.DELETE_LOST),
        "a message is not given back, not deleted, or deleted without an answer",
        "it comes again when its visibility ends, and all its records are duplicates",
    ),
    Scenario(
        (Fault.BULK_BUSY, Fault.ITEM_BUSY, Fault.OPENSEARCH_UNAVAILABLE, Fault.OPENSEARCH_RESET),
        "429 for a whole request or for some of its documents; 503; the connection breaks before the request is taken",
        "only what was not taken is sent again, with pauses and fewer requests at once",
    ),
    Scenario(
        (Fault.ANSWER_LOST, Fault.ANSWER_LATE),
        "the request is carried out, but its answer never arrives, or after the time-out",
        "sent again; what was taken is a duplicate",
    ),
    Scenario(
        (Fault.MAPPING_REJECT,),
        "OpenSearch refuses a document for one of its fields",
        "indexed without it, its value kept in `shipper.unparsed`; else a dead letter",
    ),
    Scenario(
        (Fault.READ_ONLY, Fault.OPENSEARCH_PAUSED, Fault.OPENSEARCH_KILLED),
        "the indices are read-only, as with a full disk; OpenSearch stands still; it is killed and started again",
        "everything is kept until it is back, and nothing more is received meanwhile",
    ),
    Scenario(
        (Fault.ROLLOVER,),
        "the data streams get new backing indices at any moment",
        "what an older index may have is looked for before it is sent; of two copies the newer one is withdrawn",
    ),
    Scenario(
        (Fault.SIGTERM, Fault.SIGKILL),
        "a daemon is told to stop, or is killed, at any moment",
        "what has no outcome yet comes again, to this daemon or another one",
    ),
)


def written(page: str) -> str:
    """Give the page with the table as it has to be."""
    head, _, rest = page.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    rows = [
        f"| {', '.join(f'`{fault}`' for fault in one.faults)} | {one.what} | {one.outcome} | no | no |\n"
        for one in SCENARIOS
    ]
    heading = "| kinds in the oracle | what goes wrong | what we do | lost | twice |\n|---|---|---|---|---|\n"
    return f"{head}{_BEGIN}{heading}{''.join(rows)}{_END}{tail}"
