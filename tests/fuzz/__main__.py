"""The command line of the fuzzing."""

import re
import subprocess
import sys
from hashlib import sha1
from pathlib import Path
from typing import Final, NamedTuple

from fuzz.harness import LARGEST_INPUT, shrink
from fuzz.targets import Target, targets

BUILD: Final = Path(__file__).parents[2] / "build" / "fuzz"
TOO_LONG_SECONDS: Final = 20
"""One input; the harness itself demands less, unless it never comes back."""
MOST_MIB: Final = 2048

_PROGRESS: Final = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")
_EXECUTED: Final = re.compile(r"^stat::number_of_executed_units: +(\d+)$|^#(\d+)\t", re.MULTILINE)


class Figures(NamedTuple):
    """What one target gave."""

    name: str
    executions: int
    covered: int
    features: int
    corpus: int
    finding: Path | None


def main() -> int:
    """Fuzz, or look at one finding once more; fails when there is one."""
    what, *names = sys.argv[1:]
    known = targets()
    if not what.isdigit():
        return again(Path(what), known)
    chosen = names or list(known)
    seconds = max(1, int(what) // len(chosen))
    figures = [fuzz(name, known[name], seconds) for name in chosen]
    sys.stdout.write(table(figures))
    found = [one for one in figures if one.finding]
    for one in found:
        sys.stdout.write(f"{one.name}: {one.finding}; {BUILD / one.name}.log tells\n")
    return len(found) > 0


def again(path: Path, known: dict[str, Target]) -> int:
    """Check one input of the target that the folder is named after."""
    shrink()
    known[path.parent.name].check(path.read_bytes())
    return 0


def fuzz(name: str, target: Target, seconds: int) -> Figures:
    """Fuzz one target for so long."""
    corpus, findings, log = BUILD / "corpus" / name, BUILD / "findings" / name, BUILD / f"{name}.log"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds:
        (corpus / sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    before = set(findings.iterdir())
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LARGEST_INPUT}",
        f"-timeout={TOO_LONG_SECONDS}",
        f"-rss_limit_mb={MOST_MIB}",
        f"-artifact_prefix={findings}/",
        f"-dict={Path(__file__).with_name('tokens.dict')}",
        "-print_final_stats=1",
        str(corpus),
    ]
    with log.open("w") as file:
        command = [sys.executable, "-m", "fuzz.process", name, *options]
        code = subprocess.run(command, stderr=file, stdout=file, check=False).returncode
    text = log.read_text(errors="replace")
    new = sorted(set(findings.iterdir()) - before)
    if code and not new:
        raise RuntimeError(f"{name} ended with {code} and without a finding; see {log}")
    sys.stderr.write(f"{name}: {'a finding' if new else 'nothing found'}\n")
    covered, features, size = (_PROGRESS.findall(text) or [(0, 0, 0)])[-1]
    executions = max((int(one or other) for one, other in _EXECUTED.findall(text)), default=0)
    return Figures(name, executions, int(covered), int(features), int(size), new[0] if new else None)


def table(figures: list[Figures]) -> str:
    """Write all figures as a table."""
    lines = ["| target | executions | edges covered | features | corpus |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {one.name} | {one.executions:,} | {one.covered:,} | {one.features:,} | {one.corpus:,} |" for one in figures
    ]
    total = sum(one.executions for one in figures)
    return "\n".join([*lines, f"| all | {total:,} | | | |", ""])


if __name__ == "__main__":
    sys.exit(main())
