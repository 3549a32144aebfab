"""The tables of the README that the code knows better than any author."""

import csv
import re
from pathlib import Path
from typing import Final

from shipper.keypattern import readable
from shipper.mappings.fields import fields
from shipper.resources import resource
from shipper.source import Sources

README: Final = Path(__file__).parents[1] / "README.md"

_TABLES: Final = re.compile(r"(<!-- (?P<name>\w+): [^\n]*-->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)


def generated() -> dict[str, str]:
    """Give the README with its tables as they should be."""
    tables = {"sources": _sources(), "deliveries": _deliveries()}
    text = _TABLES.sub(lambda found: found[1] + tables[found["name"]] + found[3], README.read_text(encoding="utf-8"))
    return {"README.md": text}


def deliveries() -> list[dict[str, str]]:
    """Give what AWS can deliver: the log, how to tell it, how it arrives, and the dataset that it becomes."""
    with (resource("config") / "deliveries.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _deliveries() -> str:
    rows = ["| log | what to set up in AWS | how it arrives | dataset |", "|---|---|---|---|"]
    rows += [f"| {one['log']} | {one['told']} | {one['arrives']} | `{one['dataset']}` |" for one in deliveries()]
    return "\n".join(rows) + "\n"


def _sources() -> str:
    rows = ["| dataset | log | keys | forms | fields |", "|---|---|---|---|--:|"]
    for one in Sources.built_in():
        keys = ", ".join(f"`{key}`" for key in readable(one.key)).replace("|", "\\|")
        number = len(fields(one.document_type))
        rows.append(f"| `{one.dataset}` | {one.description} | {keys} | {one.format.form} | {number} |")
    return "\n".join(rows) + "\n"
