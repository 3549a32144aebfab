"""
The command line.

Each command is a module of `shipper.commands`, `import_` where its name is a word of Python; its docstring is its help.
Only the module of the command that is asked for is imported, so that `shipper --help` does not wait for clients of
AWS.
"""

import argparse
import ast
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import shipper.commands
from shipper import __version__
from shipper.errors import ConfigError, ShipperError

FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command.

    Args:
        arguments: of the command line, without the program's name

    Returns:
        The exit status: 0 when all went well, 1 when not, 2 when the command line or the configuration is wrong.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser(arguments).parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except ConfigError as error:
        print(f"shipper: {error}", file=sys.stderr)
        return MISUSED
    except ShipperError as error:
        print(f"shipper: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Who read our output has had enough. Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="shipper", description="Ships AWS security logs from S3 to OpenSearch or Elasticsearch as ECS documents."
    )
    parser.add_argument("--version", action="version", version=f"shipper {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    modules = {one.name.rstrip("_"): one.name for one in pkgutil.iter_modules(shipper.commands.__path__)}
    if arguments and arguments[0] in modules:
        name = arguments[0]
        module = importlib.import_module(f"shipper.commands.{modules[name]}")
        summary, _, description = (module.__doc__ or "").strip().partition("\n")
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n{description}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    else:
        for name, module_name in modules.items():
            commands.add_parser(name, help=_summary(module_name))
    return parser


def _summary(module: str) -> str:
    """Give the first line of a command's docstring without importing what the command needs."""
    path = Path(shipper.commands.__path__[0]) / f"{module}.py"
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
