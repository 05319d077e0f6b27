"""Find images that are only on this disk, because neither Git nor DVC has them."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from digits.data.fetching import import_source
from digits.data.layout.listing import iterate_files
from digits.settings.errors import UserError, echo, warn

Sources = Sequence[dict[str, str]]  # as in an entry of params.yaml

DVC: list[str | Path] = [sys.executable, "-m", "dvc"]

RISK = "so colleagues and experiments do not get"


def list_places(sources: Sources) -> list[Path]:
    """Return the files and folders of sources that exist. Other sources name no file."""
    places = [
        Path(place)
        for source in sources
        for kind, place in source.items()
        if getattr(import_source(kind), "READS_FILES", False)
    ]
    return [place for place in places if place.exists()]


def find_unstored(place: Path) -> list[Path]:
    """Return the files in a folder, or a file itself, that neither Git nor DVC has."""
    files = list(iterate_files(place)) if place.is_dir() else [place]
    in_git = find_in_git(place)
    others = [path for path in files if path not in in_git]
    in_dvc = find_in_dvc(place) if others else set()
    return [path for path in others if path not in in_dvc]


def find_in_git(place: Path) -> set[Path]:
    """Return the files in a folder, or a file itself, that Git has."""
    command = ["git", "ls-files", "-z", "--", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return set(map(Path, done.stdout.split("\0")[:-1]))


def find_in_dvc(place: Path) -> set[Path]:
    """Return the files in a folder, or a file itself, that DVC has."""
    from dvc.api import DVCFileSystem  # a second

    is_inside = place.resolve().is_relative_to(Path.cwd())
    if not (is_inside and place.is_relative_to(".")):
        return set()
    return set(map(Path, DVCFileSystem().find(place.as_posix(), dvc_only=True)))


def warn_about_unstored(sources: Sources) -> None:
    """Print which images are only on this disk."""
    if Path(".dvc").exists():
        for place in list_places(sources):
            unstored = find_unstored(place)
            if unstored:
                warn(describe_unstored(place, unstored))


def describe_unstored(place: Path, unstored: Sequence[Path]) -> str:
    """Return a sentence about files of a place that are neither in Git nor in DVC."""
    first = unstored[0]
    remedy = find_obstacle(first) or f"run `dvc add {shlex.quote(str(find_top(place)))}`"
    if not Path(f"{find_top(place)}.dvc").exists():
        return f"{place} is in neither Git nor DVC, {RISK} it; {remedy}"
    return (
        f"{len(unstored)} files of {place} are in neither Git nor DVC, first {first}, {RISK} "
        f"them; {remedy}"
    )


def find_obstacle(file: Path) -> str:
    """Return why DVC does not store a file, and what to do, or "" if it would store it."""
    for folder in file.parents:
        if folder.is_symlink():
            return f"DVC does not follow the link {folder}; put the folder itself there"
        if (folder / ".dvc").is_dir() and folder != Path():
            return f"{folder} is another project of DVC; delete {folder / '.dvc'}"
    command = [*DVC, "check-ignore", "--details", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stdout:
        rule, _, _ = done.stdout.partition("\t")  # such as `.dvcignore:3:mutants/`
        return f"the line {rule} excludes it; delete this line, or rename the folder"
    return ""


def find_top(place: Path) -> Path:
    """Return the file or folder in data/ that images are in, such as data/own."""
    return Path(*place.parts[:2]) if place.parts[:1] == ("data",) else place


def add_to_dvc(sources: Sources) -> None:
    """Add images in the folder data/ to DVC, unless Git has them.

    If DVC has them already, it notices what has changed.

    Raises:
        UserError: DVC cannot store all of them. It has recorded the same ones as before.
    """
    if Path(".dvc").exists():
        for top in {find_top(place): None for place in list_places(sources)}:
            if top.parts[:1] == ("data",) and not find_in_git(top):
                add_top(top)


def add_top(top: Path) -> None:
    """Add a file or folder in data/ to DVC.

    Raises:
        UserError: as `add_to_dvc` does.
    """
    file = Path(f"{top}.dvc")
    before = file.read_bytes() if file.exists() else None
    done = subprocess.run([*DVC, "add", top], capture_output=True, text=True, check=False)
    reason = find_error(done.stderr) if done.returncode else ""
    unstored = [] if reason else find_unstored(top)
    if unstored:
        reason = describe_unstored(top, unstored)
    if not reason:
        # `dvc exp run --temp` copies only files that Git knows.
        subprocess.run(["git", "add", str(file)], check=True)
        echo(f"DVC now stores {top}. Run `dvc push` to share it.")
        return
    if before is not None:
        file.write_bytes(before)
    elif file.exists():  # if the disk is full, it is empty
        subprocess.run([*DVC, "remove", file], capture_output=True, check=False)
        file.unlink(missing_ok=True)
    raise UserError(f"DVC cannot store {top}: {reason}")


def find_error(text: str) -> str:
    """Return the line with the error in what DVC has printed."""
    lines = [line.removeprefix("ERROR: ") for line in text.splitlines() if "ERROR: " in line]
    return lines[0] if lines else text
