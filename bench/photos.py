"""Measure the models that `digits start` writes for a folder of pictures.

The folder has a subfolder for each class, or is as --layout says. `digits start` looks at the
pictures, and writes models that suit them into a clone of this project. The table that is
printed has the accuracy in cross-validation, by which to choose, and the accuracy on a quarter
of the pictures, with its 95 % confidence interval.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from bench import measuring


@click.command(help=f"\b\n{__doc__}")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--keep",
    metavar="PROJECT",
    type=click.Path(path_type=Path),
    help="Keep the clone, for `python -m bench.by_hand PROJECT`.",
)
@click.option("--layout", help="The layout, as `digits start` takes it.")
def main(folder: Path, keep: Path | None, layout: str | None) -> None:
    """Train the models in a clone, and print the leaderboard."""
    with tempfile.TemporaryDirectory() as temporary:
        project = measuring.clone_project(keep or Path(temporary, "photos"))
        shutil.copytree(folder, project / "data/own")
        start = ["start"] if layout is None else ["start", "--layout", layout]
        cpu_seconds = 0.0
        for words in [start, ["repro"]]:
            cpu_seconds += measuring.run(project, "digits", *words).cpu_seconds
        table = ["digits", "leaderboard", "--format", "markdown"]
        print(subprocess.check_output(table, cwd=project, text=True))
        for path in sorted((project / "models").glob("*.skops")):
            print(f"{path.stem}: {path.stat().st_size / 1e6:.1f} MB")
        print(f"{cpu_seconds:.0f} processor seconds. {measuring.describe_machine()}")


if __name__ == "__main__":
    main()
