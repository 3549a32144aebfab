"""The shape of the package: who may import whom, and what no module may have."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).parent.parent / "shipper"

SOURCES_MAY_IMPORT: Final = (
    "shipper.arn",
    "shipper.cloudfront",
    "shipper.community_id",
    "shipper.dns",
    "shipper.digest",
    "shipper.ecs",
    "shipper.envelopes",
    "shipper.errors",
    "shipper.formats",
    "shipper.freeform",
    "shipper.marks",
    "shipper.mirrored",
    "shipper.remembered",
    "shipper.source",
    "shipper.web",
)
"""Of our own modules, and those of its own package: a source knows nothing of queues, clients, settings, or others."""

CLIENTS: Final = {
    "aiobotocore": ("shipper.aws", "shipper.bucket", "shipper.queue"),
    "aiohttp": ("shipper.bucket", "shipper.history.lookup", "shipper.status"),
    "boto3": (),
    "botocore": (
        "shipper.aws",
        "shipper.bucket",
        "shipper.history.lookup",
        "shipper.lastresort.prefix",
        "shipper.queue",
    ),
    "opensearchpy": ("shipper.opensearch",),
    "prometheus_client": ("shipper.metrics",),
    "sigma": ("shipper.sigma.plugin",),
}
"""Packages that only one part of ours may know, by that part."""

LOCAL_SERVICES: Final = ("shipper.commands.demo", "shipper.demo", "shipper.embedded")
"""What starts services on this machine may speak to them as it likes."""

SANS_IO: Final = (
    "shipper.shipment",
    "shipper.recognition",
    "shipper.notification",
    "shipper.compression",
    "shipper.rescue",
)
"""From the bytes of an object to its documents, mended ones too: these, the sources and their imports do no I/O."""

IO: Final = (
    "aiohttp",
    "asyncio",
    "http",
    "logging",
    "os",
    "selectors",
    "shipper.log",
    "ssl",
    "subprocess",
    "threading",
)

NOT_A_NAME: Final = frozenset({"base", "common", "helpers", "misc", "util", "utils"})
"""A module is called by what it is about."""

MUTABLE: Final = (ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Set, ast.SetComp)
MUTABLE_TYPES: Final = frozenset({"Counter", "OrderedDict", "bytearray", "defaultdict", "deque", "dict", "list", "set"})


def name_of(path: Path) -> str:
    """Give the dotted name of a module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Final = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree(module: str) -> ast.Module:
    """Parse a module."""
    return ast.parse(MODULES[module].read_text())


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Walk all statements below a node: imports are among them, and no expression holds one."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from statements(child)


@cache
def imported(module: str, *, at_module_level: bool = False) -> set[str]:
    """Give the modules that a module imports; of a package's members those that are modules themselves."""
    found = _module_level(tree(module)) if at_module_level else statements(tree(module))
    return {name for node in found for name in _names(node)}


def _module_level(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs when a module is imported: not functions, not what only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _module_level(child)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            member = f"{node.module}.{alias.name}"
            yield member if member in MODULES else node.module


def within(module: str, parts: tuple[str, ...]) -> bool:
    """Tell whether a module is one of these or lies in one of these packages."""
    return any(module == part or module.startswith(f"{part}.") for part in parts)


def ours(names: set[str]) -> set[str]:
    """Leave only modules of our own."""
    return {name for name in names if within(name, ("shipper",))}


def test_sources_import_little() -> None:
    """A log source imports the standard library, msgspec, and of ours only what sources are made of."""
    for module in (name for name in MODULES if name.startswith("shipper.sources.")):
        names = imported(module)
        own = ".".join(module.split(".")[:3])  # a source may be a package
        assert {name for name in ours(names) if not within(name, (*SOURCES_MAY_IMPORT, own))} == set(), module
        foreign = {name.partition(".")[0] for name in names - ours(names)}
        assert foreign - sys.stdlib_module_names <= {"msgspec"}, module


@pytest.mark.parametrize("client", CLIENTS)
def test_clients_stay_in_their_module(client: str) -> None:
    """Only the part that speaks to a service knows the client library."""
    users = {module for module in MODULES if any(within(name, (client,)) for name in imported(module))}
    assert {user for user in users if not within(user, (*CLIENTS[client], *LOCAL_SERVICES))} == set()


def test_records_become_documents_without_io() -> None:
    """Nothing that lies between the blocks of an object and its documents can wait, write or call."""
    reached = {module for module in MODULES if within(module, (*SANS_IO, "shipper.sources"))}
    while further := {name for module in reached for name in imported(module)} & MODULES.keys() - reached:
        reached |= further
    assert {(module, name) for module in reached for name in imported(module) if within(name, IO)} == set()


def test_no_import_cycles() -> None:
    """No two modules need each other to be imported."""
    graph = {module: ours(imported(module, at_module_level=True)) & MODULES.keys() - {module} for module in MODULES}
    while leaves := {module for module, needs in graph.items() if not needs}:
        graph = {module: needs - leaves for module, needs in graph.items() if module not in leaves}
    assert graph == {}, "these modules are on a cycle, or import one that is"


def test_modules_are_called_by_what_they_are() -> None:
    """No module has a name that would fit any module."""
    assert [module for module in MODULES if not NOT_A_NAME.isdisjoint(module.split("."))] == []


def test_no_mutable_state_in_modules() -> None:
    """Nothing at module level changes: a collection there is declared `Final`, and no function rebinds a global."""
    holding = [(module, ast.unparse(node)) for module in MODULES for node in tree(module).body if _holds_state(node)]
    assert holding == []
    rebinding = [
        (module, node.names) for module in MODULES for node in statements(tree(module)) if isinstance(node, ast.Global)
    ]
    assert rebinding == []


def _holds_state(node: ast.stmt) -> bool:
    """Tell whether a statement makes a collection that nothing says is constant."""
    if isinstance(node, ast.AnnAssign):
        return node.value is not None and _is_mutable(node.value) and "Final" not in ast.unparse(node.annotation)
    if isinstance(node, ast.Assign):
        return _is_mutable(node.value) and [ast.unparse(target) for target in node.targets] != ["__all__"]
    return isinstance(node, ast.AugAssign)


def _is_mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in MUTABLE_TYPES
    return isinstance(value, MUTABLE)
