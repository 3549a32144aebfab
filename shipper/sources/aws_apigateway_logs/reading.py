"""From bytes to records: JSON that may be broken by what clients wrote, and lines of text, also mixed."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from shipper.formats import Around, ByMagic, JsonRecords, Template, Templated
from shipper.formats.messages import AROUND
from shipper.sources.aws_apigateway_logs.execution import is_group
from shipper.sources.aws_apigateway_logs.record import AccessRecord, ExecutionRecord, tells
from shipper.sources.aws_apigateway_logs.templates import ANYTHING, CONSOLE, EXECUTION

_BRACE: Final = b"{"
_KEY: Final = re.compile(r'(?:^\{|,)\s*"([^"]{1,256})"\s*:\s*')


def log_format(
    record: type[AccessRecord] = AccessRecord, templates: Sequence[Template[AccessRecord]] = ()
) -> ByMagic[Any]:
    """
    Give the format of all logs of API Gateway.

    Args:
        record: the Struct of a record
        templates: of the user's own; those of the console come behind them
    """
    salvage = Salvage(record)
    access: tuple[Template[Any], ...] = (*templates, *CONSOLE)
    executions = (EXECUTION, *access, ANYTHING)

    def told(around: Around) -> Sequence[Template[Any]] | None:
        return executions if is_group(around.log_group) else None

    text: Templated[Any] = Templated((*access, EXECUTION), otherwise=salvage.line, continued=ExecutionRecord, told=told)
    json = JsonRecords(record, rescue=salvage.piece)
    return ByMagic({_BRACE: json, b"[": json}, otherwise=text, mixed=True)


class Salvage:
    """
    Reads JSON in which something is not escaped: API Gateway puts values between the quotes of a template as they are.

    Args:
        record: the Struct of a record
    """

    def __init__(self, record: type[AccessRecord]) -> None:
        self._record = record
        self._fields = {one.encode_name: one.name for one in msgspec.structs.fields(record) if one.name != AROUND}
        self._decode = msgspec.json.Decoder(record, strict=False).decode

    def line(self, text: bytes) -> AccessRecord | None:
        """Read a line of JSON among others; None as well if it tells no request, as those of a body do."""
        if not text.startswith(_BRACE):
            return None
        record: AccessRecord | None
        try:
            record = self._decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            record = self.piece(text)
        return record if record and tells(record) else None

    def piece(self, data: bytes) -> AccessRecord | None:
        """
        Read what is no JSON, key by key.

        Returns:
            None when it cannot be told what is whose: a key is there twice, or a value's quotes do not match.
        """
        text = data.decode(errors="replace").strip()
        keys = list(_KEY.finditer(text))
        if not keys or keys[0].start() or not text.endswith("}"):
            return None
        ends = [*(key.start() for key in keys[1:]), len(text) - 1]
        values = {key[1]: _bare(text[key.end() : end].strip()) for key, end in zip(keys, ends, strict=True)}
        if len(values) < len(keys) or None in values.values():
            return None
        known = self._fields.keys() & values.keys()
        fields: dict[str, Any] = {self._fields[name]: value for name in known if (value := values[name])}
        return self._record(**fields)


def _bare(value: str) -> str | None:
    """Take the quotes off a value; None if there is one alone, or if the value is an object or a list."""
    if value == "null":
        return ""
    if value.startswith(("{", "[")):
        return None
    if not value.startswith('"'):
        return None if value.endswith('"') else value
    return value[1:-1] if len(value) > 1 and value.endswith('"') else None
