"""Names of everything that goes wrong on purpose."""

from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """One kind of fault; the summary counts them by these names."""

    # S3, as the daemons see it
    S3_SLOW = "s3_slow"
    S3_CUT = "s3_cut"
    S3_CORRUPT = "s3_corrupt"
    S3_GARBLED = "s3_garbled"
    S3_MISSING = "s3_missing"
    S3_BUSY = "s3_busy"
    S3_RESET = "s3_reset"
    S3_TRICKLE = "s3_trickle"
    TRAIL_COPIED = "trail_copied"
    # SQS
    MESSAGE_DUPLICATED = "message_duplicated"
    MESSAGE_REORDERED = "message_reordered"
    RECEIVE_BUSY = "receive_busy"
    RECEIVE_LOST = "receive_lost"
    VISIBILITY_LAPSED = "visibility_lapsed"
    RECEIPT_STALE = "receipt_stale"
    HEARTBEAT_FAILED = "heartbeat_failed"
    HEARTBEAT_DELAYED = "heartbeat_delayed"
    RELEASE_FAILED = "release_failed"
    DELETE_FAILED = "delete_failed"
    DELETE_LOST = "delete_lost"
    # OpenSearch
    BULK_BUSY = "bulk_busy"
    ITEM_BUSY = "item_busy"
    OPENSEARCH_UNAVAILABLE = "opensearch_unavailable"
    OPENSEARCH_RESET = "opensearch_reset"
    ANSWER_LOST = "answer_lost"
    ANSWER_LATE = "answer_late"
    MAPPING_REJECT = "mapping_reject"
    READ_ONLY = "read_only"
    ROLLOVER = "rollover"
    OPENSEARCH_PAUSED = "opensearch_paused"
    OPENSEARCH_KILLED = "opensearch_killed"
    # the daemons
    SIGTERM = "sigterm"
    SIGKILL = "sigkill"


NEEDS_OWN_NODE: Final = frozenset({Fault.OPENSEARCH_PAUSED, Fault.OPENSEARCH_KILLED})
"""Faults that need an OpenSearch that is a process of ours, not one that $OPENSEARCH_URL or Docker gives."""


class Point(StrEnum):
    """A moment at which a step of a plan may be taken: a request is held while the step is."""

    MESSAGES_RECEIVED = "messages_received"
    OBJECT_WANTED = "object_wanted"
    BULK_WANTED = "bulk_wanted"
    BULK_APPLIED = "bulk_applied"
    DELETION_WANTED = "deletion_wanted"
    DELETION_APPLIED = "deletion_applied"
