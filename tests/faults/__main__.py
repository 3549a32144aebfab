"""The command line of the delivery oracle."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from faults import mutants, trial
from faults.kinds import Fault
from faults.plan import draw
from faults.services import services
from faults.summary import Summary


def main() -> None:
    """Run seeds, or look for mutants; the exit status tells whether all is well."""
    options = _options(sys.argv[1:])
    sys.exit(asyncio.run(_watched(options)))


async def _watched(options: argparse.Namespace) -> int:
    """Let SIGTERM and SIGINT end everything in order: no daemon is left behind."""
    task = asyncio.ensure_future(
        mutants.hunt(options.mutant, options.without, tell) if options.what == "mutants" else _run(options)
    )
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


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "mutants"), default="run", help="mutants: find each of them")
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
