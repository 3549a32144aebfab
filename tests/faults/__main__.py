"""The command line of the delivery oracle."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Final

from faults import mutants, soak, trial
from faults.kinds import Fault
from faults.plan import draw
from faults.services import services
from faults.summary import MOST_LINES, Summary


def main() -> None:
    """Run seeds, look for mutants, or soak a daemon; the exit status tells whether all is well."""
    options = _options(sys.argv[1:])
    sys.exit(asyncio.run(_watched(options)))


async def _watched(options: argparse.Namespace) -> int:
    """Let SIGTERM and SIGINT end everything in order: no daemon is left behind."""
    task = asyncio.ensure_future(_KINDS[options.what](options))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        tell("interrupted")
        return 1


async def _run(options: argparse.Namespace) -> int:
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    summary = Summary()
    with mutants.applied(options.mutant) as package:
        async with services(tell) as real:
            for seed in seeds:
                plan = draw(seed, without=[*options.without, *real.beyond])
                log = options.log / f"seed-{seed}" if options.log else None
                result = await trial.run(plan, real, log=log, package=package)
                summary.add(result)
                tell(summary.line(result))
                for line in summary.failure(result, mutant=options.mutant, without=options.without):
                    tell(line)
    print(summary)
    return summary.status


async def _hunt(options: argparse.Namespace) -> int:
    return await mutants.hunt(options.mutant, options.without, tell)


async def _soak(options: argparse.Namespace) -> int:
    log = options.log or _folder("build/faults/soak")
    seed = options.first if options.seed is None else options.seed
    with mutants.applied(options.mutant) as package:
        async with services(tell, lasting=True) as real:
            soaked = await soak.run(
                seed, options.minutes, real, log=log, without=options.without, tell=tell, package=package
            )
    for line in soaked.verdict.lines()[:MOST_LINES]:
        tell(f"  {line}")
    print(soaked)
    return soaked.status


_KINDS: Final = {"run": _run, "mutants": _hunt, "soak": _soak}


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=tuple(_KINDS), default="run", help="mutants: find each of them; soak: one daemon"
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="for a soak (%(default)s)")
    parser.add_argument("--seeds", type=int, default=20, help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first of them (%(default)s)")
    parser.add_argument("--seed", type=int, help="just this one")
    parser.add_argument("--mutant", choices=mutants.names(), help="break the code before")
    parser.add_argument("--log", type=_folder, help="folder for plans, event logs and the daemons' own logs")
    parser.add_argument(
        "--without", type=Fault, nargs="+", default=[], choices=list(Fault), help="kinds of faults to be left out"
    )
    return parser.parse_args(arguments)


def _folder(text: str) -> Path:
    """Name a folder from wherever the daemons run."""
    return Path(text).resolve()


def tell(line: str) -> None:
    """Say how it goes."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
