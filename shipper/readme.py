"""The tables of the README that the code knows better than any author."""

import re
from pathlib import Path
from typing import Final

from shipper.keypattern import readable
from shipper.mappings.fields import fields
from shipper.source import Sources

README: Final = Path(__file__).parents[1] / "README.md"

_TABLES: Final = re.compile(r"(<!-- (?P<name>\w+): [^\n]*-->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)


def generated() -> dict[str, str]:
    """Give the README with its tables as they should be."""
    tables = {"sources": _sources()}
    text = _TABLES.sub(lambda found: found[1] + tables[found["name"]] + found[3], README.read_text(encoding="utf-8"))
    return {"README.md": text}


def _sources() -> str:
    rows = ["| dataset | log | keys | forms | fields |", "|---|---|---|---|--:|"]
    for one in Sources.built_in():
        keys = ", ".join(f"`{key}`" for key in readable(one.key)).replace("|", "\\|")
        number = len(fields(one.document_type))
        rows.append(f"| `{one.dataset}` | {one.description} | {keys} | {one.format.form} | {number} |")
    return "\n".join(rows) + "\n"
