"""Find images that are only on this disk, because neither Git nor DVC has them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from digits.settings.errors import warn

Sources = Sequence[dict[str, str]]  # as in an entry of params.yaml


def find_unstored(sources: Sources) -> list[Path]:
    """Return the files and folders of sources that neither Git nor DVC has."""
    if not Path(".dvc").exists():
        return []
    places = [Path(place) for source in sources for place in source.values()]
    return [place for place in places if place.exists() and not is_stored(place)]


def is_stored(place: Path) -> bool:
    """Return whether Git or DVC has a file or folder, or a folder that it lies in."""
    in_dvc = any(Path(f"{path}.dvc").exists() for path in [place, *place.parents])
    return in_dvc or is_in_git(place)


def is_in_git(place: Path) -> bool:
    """Return whether Git has a file, or files in a folder."""
    command = ["git", "ls-files", "--", str(place)]
    done = subprocess.run(command, capture_output=True, check=False)
    return bool(done.stdout)


def warn_about_unstored(sources: Sources) -> None:
    """Print which images are only on this disk."""
    for place in find_unstored(sources):
        warn(
            f"{place} is in neither Git nor DVC, so colleagues and experiments do not get it; "
            f"run `dvc add {find_top(place)}`"
        )


def find_top(place: Path) -> Path:
    """Return the file or folder in data/ that images are in, such as data/own."""
    return Path(*place.parts[:2]) if place.parts[:1] == ("data",) else place


def add_to_dvc(sources: Sources) -> None:
    """Add images in the folder data/ to DVC, unless Git has them.

    If DVC has them already, it notices what has changed.
    """
    if not Path(".dvc").exists():
        return
    for source in sources:
        for place in map(Path, source.values()):
            top = find_top(place)
            if top.parts[:1] == ("data",) and top.exists() and not is_in_git(top):
                dvc_add = [sys.executable, "-m", "dvc", "add", "--quiet", str(top)]
                subprocess.run(dvc_add, check=True)
                # `dvc exp run --temp` copies only files that Git knows.
                subprocess.run(["git", "add", f"{top}.dvc"], check=True)
                print(f"DVC now stores {top}. Run `dvc push` to share it.")
