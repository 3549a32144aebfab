"""Tables of TOML and environment variables → Structs, and every problem met on the way.

Knows nothing of particular settings: a field's type says what it takes. Two types have rules of their own. A `Secret`
comes from the environment or from the file named by its `<name>_file` sibling, never from a table. A `Path` names a
readable file; a relative one begins at the folder of the configuration file.
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shipper.config import describe
from shipper.config.describe import Field
from shipper.config.fieldtypes import Secret

S = TypeVar("S", bound=Struct)
Table = dict[str, Any]

_HIDDEN = "a value that is not repeated here, as it may hold a secret"
_SHOWN_CHARACTERS = 80


class Variable(NamedTuple):
    """An environment variable, standing in a table where TOML would have a value."""

    name: str
    text: str

    def parts(self) -> list["Variable"]:
        """The items of a comma-separated list."""
        return [Variable(self.name, item.strip()) for item in self.text.split(",") if item.strip()]


class Problem(NamedTuple):
    """One thing that is wrong: where, which setting, what and how to mend it."""

    origin: str
    setting: str
    message: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.setting}: {self.message}"


class Reader:
    """Reads tables into Structs and gathers problems instead of stopping at the first.

    Args:
        cls: the Struct that the whole file becomes
        file: the configuration file, or None
        variables: environment variables by the dotted name of the setting they replace
        forbidden: says why a name that is no setting must not become one, or None

    Attributes:
        problems: what is wrong, in the order it was met
        wrong: dotted names, without indexes, of the settings and tables that have a problem
    """

    def __init__(
        self,
        cls: type[Struct],
        file: Path | None,
        variables: Mapping[str, Variable],
        forbidden: Callable[[str], str | None],
    ) -> None:
        self.problems: list[Problem] = []
        self.wrong: set[str] = set()
        self._file = file
        self._variables = variables
        self._forbidden = forbidden
        self._names = list(describe.settings(cls))

    def refuse(self, setting: str, message: str) -> UnsetType:
        """Note a problem. What it returns stands for the value that is missing now."""
        replaced = self._variables.get(setting.partition("[")[0])
        origin = f"environment variable {replaced.name}" if replaced else str(self._file or "defaults")
        self.problems.append(Problem(origin, setting, message))
        self.wrong.add(_unindexed(setting))
        return UNSET

    def table(self, cls: type[S], table: Any, place: str = "") -> S | UnsetType:
        """Read one table.

        Args:
            cls: the Struct it becomes
            table: names and values, some of them `Variable`s; or one `Variable` for the only required setting
            place: dotted name of the table, empty for the whole file

        Returns:
            The Struct, with defaults where there was a problem; UNSET if a required setting has one.
        """
        fields = describe.fields(cls)
        if isinstance(table, Variable):
            table = {next(name for name, field in fields.items() if field.required): table}
        if not isinstance(table, dict):
            header = f"[[{_unindexed(place)}]]" if place.endswith("]") else f"[{place}]"
            return self.refuse(place, f"expected a table, got {shown(table)}; write {header} above its settings")
        for name in table:
            if name not in fields:
                self._refuse_unknown(place, name, list(fields))
        values = {name: self._field(join(place, name), field, table) for name, field in fields.items()}
        for name, field in fields.items():
            if field.holds(Secret) and isinstance(values.get(f"{name}_file"), Path):
                values[name] = self._secret_from_file(join(place, name), values[name], values[f"{name}_file"])
        given = {name: value for name, value in values.items() if value is not UNSET}
        complete = all(name in given for name, field in fields.items() if field.required)
        return cls(**given) if complete else UNSET

    def _refuse_unknown(self, place: str, name: str, known: list[str]) -> None:
        setting = join(place, name)
        elsewhere = [other for other in self._names if other.rpartition(".")[2] == name]
        self.refuse(setting, self._forbidden(setting) or f"unknown setting; {suggestion(name, known, elsewhere)}")
        self.wrong.add(_unindexed(place))

    def _field(self, setting: str, field: Field, table: Table) -> Any:
        """The value of a setting; UNSET if it has none or a wrong one."""
        if field.name in table:
            return self._value(setting, field, table[field.name])
        if field.required:
            return self.refuse(setting, f"is missing; give the {field.expectation()}: {field.example()}")
        return UNSET

    def _value(self, setting: str, field: Field, raw: Any) -> Any:
        if field.group:
            return self.table(field.group, raw, setting)
        if field.is_list:
            return self._array(setting, field.item(), raw)
        if field.holds(Secret):
            return self._secret(setting, raw)
        value = self._scalar(setting, field, raw)
        return self._file_at(setting, field, raw, value) if isinstance(value, Path) else value

    def _array(self, setting: str, item: Field, raw: Any) -> tuple[Any, ...] | UnsetType:
        raws = raw.parts() if isinstance(raw, Variable) else raw
        if not isinstance(raws, list):
            remedy = f"write [[{setting}]] above each of them" if item.group else "put [ ] around it"
            return self.refuse(setting, f"expected an array of {item.expectation()}, got {shown(raw)}; {remedy}")
        values = tuple(self._value(f"{setting}[{index}]", item, each) for index, each in enumerate(raws))
        return UNSET if UNSET in values else values

    def _scalar(self, setting: str, field: Field, raw: Any) -> Any:
        value = raw.text.strip() if isinstance(raw, Variable) else raw
        try:
            return msgspec.convert(value, field.annotation, strict=value is raw, dec_hook=_to_path)
        except msgspec.ValidationError:
            advice = field.note("advice")
            remedy = advice(value) if advice and isinstance(value, str) else None
            got = _HIDDEN if field.note("confidential") else shown(value)
            message = f"expected {field.expectation()}, got {got}"
            return self.refuse(setting, f"{message}; {remedy}" if remedy else message)

    def _file_at(self, setting: str, field: Field, raw: Any, path: Path) -> Path | UnsetType:
        """Where a named file is, once it is known to be readable."""
        if self._file and not isinstance(raw, Variable):
            path = self._file.parent / path
        try:
            with path.open("rb"):
                return path
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            name = "the file" if field.note("confidential") else repr(str(path))
            reason = error.strerror if isinstance(error, OSError) else error
            return self.refuse(setting, f"cannot read {name}: {reason}; check the path and who may read it")

    def _secret(self, setting: str, raw: Any) -> Secret | UnsetType:
        if isinstance(raw, Variable):
            return self._one_line(setting, raw.text)
        return self.refuse(
            setting,
            "a secret must not stand in this file; keep it in a file of its own and name that one in "
            f"{setting}_file, or set the environment variable {describe.variable(setting)}",
        )

    def _secret_from_file(self, setting: str, value: Secret | UnsetType, path: Path) -> Secret | UnsetType:
        """The secret in a file, unless the environment gives it: that is stronger than a file named in a table."""
        if value is UNSET:
            try:
                return self._one_line(f"{setting}_file", path.read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                return self.refuse(f"{setting}_file", "the file is not UTF-8 text; it must hold the secret and no more")
        if f"{setting}_file" in self._variables:
            return self.refuse(setting, f"is given twice; unset this variable or {describe.variable(setting)}_FILE")
        return value

    def _one_line(self, setting: str, text: str) -> Secret | UnsetType:
        """A secret without the newline that editors and `echo` put behind it."""
        secret = text.removesuffix("\n").removesuffix("\r")
        if not secret:
            return self.refuse(setting, "is empty; it must hold the secret and no more")
        if not secret.isprintable():
            return self.refuse(setting, "holds line breaks or control characters; it must hold the secret and no more")
        return Secret(secret)


def join(place: str, name: str) -> str:
    """The dotted name of a setting in a table, quoted as in TOML where it has to be."""
    key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)
    return f"{place}.{key}" if place else key


def shown(value: Any) -> str:
    """A wrong value for a message; a text that may hold a password, as URLs do, is not repeated."""
    match value:
        case dict():
            return "a table"
        case list():
            return "an array"
        case bool():
            return json.dumps(value)
        case str() if re.search(r"[@?#]", value):
            return _HIDDEN
        case str() if len(value) > _SHOWN_CHARACTERS:
            return f"{value[:_SHOWN_CHARACTERS]!r} and more"
    return repr(value)


def suggestion(name: str, known: list[str], elsewhere: list[str]) -> str:
    """What a mistaken name may have meant: a near one, the same one in another table, or any of the known."""
    near = difflib.get_close_matches(name, known, n=1) or elsewhere
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _unindexed(setting: str) -> str:
    return re.sub(r"\[\d+\]", "", setting)


def _to_path(type_: type, value: Any) -> Path:
    """The hook of msgspec for the only foreign type that a table may hold."""
    if type_ is not Path or not isinstance(value, str):
        raise TypeError(f"expected text for a {type_.__name__}")
    return Path(value)
