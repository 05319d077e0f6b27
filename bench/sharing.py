"""Measure `dvc push` and `dvc pull` of a project's cache through the folder remote against plain copies of the bytes.

Works on a clone in a temporary folder. Each round takes every measure once, one after another; the ratios are taken
within a round, and the table shows their medians. Takes half a minute. Run from the repository:
python -m bench.sharing [PROJECT] [--rounds 5]
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import measuring
from digits.common import cli


def dvc(project: Path, *arguments: str) -> float:
    """Run DVC and return its seconds."""
    return measuring.python(project, "-m", "dvc", *arguments).seconds


def wipe(project: Path) -> None:
    """Delete the cache and what it keeps."""
    for name in (".dvc/cache", "data", "models"):
        shutil.rmtree(project / name, ignore_errors=True)
    (project / "report.html").unlink(missing_ok=True)


def measure(project: Path, remote: Path) -> dict[str, float]:
    """Take every measure once: name → seconds. The cache is full before and after."""
    twin = remote.with_name("copy")
    for folder in (remote, twin):
        shutil.rmtree(folder, ignore_errors=True)
    seconds = {"start": dvc(project, "version"), "push": dvc(project, "push", "--run-cache")}
    seconds["push, nothing to do"] = dvc(project, "push", "--run-cache")
    seconds["copy"] = measuring.run(project, "cp", "-r", str(remote), str(twin)).seconds
    wipe(project)
    seconds["pull"] = dvc(project, "pull", "--run-cache")
    seconds["pull, nothing to do"] = dvc(project, "pull", "--run-cache")
    return seconds


def table(rounds: Sequence[dict[str, float]]) -> list[str]:
    """Return the medians of the seconds and of the ratios."""

    def middle(name: str, *parts: str) -> str:
        return f"{median(seconds[name] / (sum(seconds[part] for part in parts) or 1) for seconds in rounds):.2f}"

    lines = [
        f"{len(rounds)} rounds; cp -r of the pushed bytes {middle('copy')} s, dvc version {middle('start')} s",
        "",
        "| --run-cache | s | nothing to do, s | ÷ (cp -r + dvc version) | ÷ (cp -r + nothing to do) |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name in ("push", "pull"):
        idle = f"{name}, nothing to do"
        cells = [middle(name), middle(idle), middle(name, "copy", "start"), middle(name, "copy", idle)]
        lines.append(f"| dvc {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Clone, measure, print."""
    parser = cli.parser(__doc__, "-m bench.sharing", "-m bench.sharing --rounds 1")
    parser.add_argument("project", nargs="?", type=Path, default=Path(), help="whose cache (default: this one's)")
    parser.add_argument("--rounds", type=int, default=5, help="how often (default: 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        project, remote = Path(place, "project"), Path(place, "digits-remote")
        measuring.run(Path(), "git", "clone", "--quiet", str(arguments.project.resolve()), str(project))
        shutil.copytree(arguments.project / ".dvc" / "cache", project / ".dvc" / "cache")
        rounds = [measure(project, remote) for _ in range(arguments.rounds)]
        pushed = [path for path in remote.rglob("*") if path.is_file()]
        print(f"{len(pushed)} files, {sum(path.stat().st_size for path in pushed) / 1e6:.0f} MB")
    print("\n".join(table(rounds)))


if __name__ == "__main__":
    cli.run(main)
