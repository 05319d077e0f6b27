"""Measure `dvc push` and `dvc pull` of this cache through the folder remote against plain copies of the bytes.

Works on a clone in a temporary folder, half a minute. The table shows medians of five rounds, also of their ratios.
"""

import shutil
import tempfile
from pathlib import Path
from statistics import median

from bench import measuring
from digits.io import files
from digits.support import cli

ROUNDS = 5


def measure(project: Path, remote: Path) -> dict[str, float]:
    """Take every measure once, in seconds by name. The cache is full before and after."""
    copy = remote.with_name("copy")
    for folder in (remote, copy):
        files.delete(folder)
    seconds = {}
    for command in ("push", "pull"):
        seconds[command] = measuring.dvc(project, command, "--run-cache").seconds
        seconds[f"{command} again"] = measuring.dvc(project, command, "--run-cache").seconds
        if command == "push":
            seconds["copy"] = measuring.run(project, "cp", "-r", str(remote), str(copy)).seconds
            for name in (".dvc/cache", "data", "models"):
                files.delete(project / name)
    return seconds


def main() -> None:
    """Clone, measure, print."""
    cli.parser(__doc__, "").parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project, remote = Path(folder, "project"), Path(folder, "digits-remote")
        measuring.run(Path(), "git", "clone", "--quiet", str(Path().resolve()), str(project))
        shutil.copytree(Path(".dvc", "cache"), project / ".dvc" / "cache")
        rounds = [measure(project, remote) for _ in range(ROUNDS)]
        pushed = [path for path in remote.rglob("*") if path.is_file()]
        print(f"{len(pushed)} files, {sum(path.stat().st_size for path in pushed) / 1e6:.0f} MB")

    print(f"cp -r of the pushed bytes {median(each['copy'] for each in rounds):.2f} s\n")
    rows = []
    for name in ("push", "pull"):
        again = [each[f"{name} again"] for each in rounds]
        ratio = median(each[name] / (each["copy"] + each[f"{name} again"]) for each in rounds)
        rows.append(
            [f"dvc {name}", *(f"{value:.2f}" for value in (median(e[name] for e in rounds), median(again), ratio))]
        )
    header = ["--run-cache", "s", "nothing to do, s", "÷ (cp -r + nothing to do)"]
    print("\n".join(measuring.table(header, rows)))


if __name__ == "__main__":
    cli.run(main)
