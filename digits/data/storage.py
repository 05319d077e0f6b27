"""Store images and networks with DVC, and warn of those that neither Git nor DVC has."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from digits.data.fetching import import_source
from digits.data.layout.listing import iterate_files
from digits.settings.errors import UserError, echo, warn
from digits.settings.git import is_in_git
from digits.settings.params import NetworkFile

Sources = Sequence[dict[str, str]]  # as in an entry of params.yaml

NOT_SHARED = "so colleagues and experiments do not get"


def has_dvc() -> bool:
    """Return whether DVC can store images here. In an archive of the project, it cannot."""
    return Path(".dvc").exists() and is_in_git()


def list_places(sources: Sources, networks: Sequence[NetworkFile] = ()) -> list[Path]:
    """Return the files and folders that a dataset reads, and that exist.

    Args:
        sources: the sources of the dataset.
        networks: its networks that are ONNX files.
    """
    places = []
    for source in sources:
        for kind, place in source.items():
            reads_files = getattr(import_source(kind), "READS_FILES", False)
            if reads_files and Path(place).exists():
                places.append(to_relative(Path(place)))
    files = [Path(network.file) for network in networks]
    return places + [file for file in files if file.exists()]


def to_relative(path: Path) -> Path:
    """Return a path from the working directory if it is inside, as Git and DVC write paths."""
    is_inside = path.is_absolute() and path.is_relative_to(Path.cwd())
    return path.relative_to(Path.cwd()) if is_inside else path


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
    done = subprocess.run(command, capture_output=True, check=False)
    names = done.stdout.split(b"\0")[:-1]  # each ends with a null character
    return {Path(os.fsdecode(name)) for name in names}


def find_in_dvc(place: Path) -> set[Path]:
    """Return the files in a folder, or a file itself, that DVC has."""
    from dvc.api import DVCFileSystem  # here, because it takes a second

    is_in_project = not place.is_absolute() and place.resolve().is_relative_to(Path.cwd())
    if not is_in_project:
        return set()
    names = DVCFileSystem().find(place.as_posix(), dvc_only=True)
    return {Path(name) for name in names}


def warn_about_unstored(sources: Sources, networks: Sequence[NetworkFile] = ()) -> None:
    """Print which files of `list_places` are only on this disk."""
    if has_dvc():
        for place in list_places(sources, networks):
            unstored = find_unstored(place)
            if unstored:
                warn(describe_unstored(place, unstored))


def describe_unstored(place: Path, unstored: Sequence[Path]) -> str:
    """Return a sentence about files of a place that are neither in Git nor in DVC."""
    first = unstored[0]
    target = find_target(place)
    remedy = find_obstacle(first) or f"run `dvc add {shlex.quote(str(target))}`"
    if not Path(f"{target}.dvc").exists():
        return f"{place} is in neither Git nor DVC, {NOT_SHARED} it; {remedy}"
    return (
        f"{len(unstored)} files of {place} are in neither Git nor DVC, first {first}, "
        f"{NOT_SHARED} them; {remedy}"
    )


def find_obstacle(file: Path) -> str:
    """Return why DVC does not store a file, and what to do, or "" if it would store it."""
    for folder in file.parents:
        if folder.is_symlink():
            return f"DVC does not follow the link {folder}; put the folder itself there"
        if (folder / ".dvc").is_dir() and folder != Path():
            return f"{folder} is another project of DVC; delete {folder / '.dvc'}"
    from dvc.repo import Repo

    result = Repo().dvcignore.check_ignore(str(file))
    if result.match:
        rule = result.pattern_infos[-1].file_info  # such as `.dvcignore:3:mutants/`
        return f"the line {rule} excludes it; delete this line, or rename the folder"
    return ""


def find_target(place: Path) -> Path:
    """Return what `dvc add` gets: the file or folder directly in data/ that has the images.

    Images outside data/ are a target themselves.
    """
    return Path(*place.parts[:2]) if place.parts[:1] == ("data",) else place


def find_dvc_file(place: Path) -> Path:
    """Return the file in which DVC records the target of a place."""
    return Path(f"{find_target(place)}.dvc")


def add_to_dvc(sources: Sources, networks: Sequence[NetworkFile] = ()) -> None:
    """Add what `list_places` finds in the folder data/ to DVC, unless Git has it.

    If DVC has them already, it notices what has changed.

    Raises:
        UserError: DVC cannot store all of them. It has recorded the same ones as before.
    """
    if not has_dvc():
        return
    targets = [find_target(place) for place in list_places(sources, networks)]
    for target in dict.fromkeys(targets):  # each once
        if target.parts[:1] == ("data",) and not find_in_git(target):
            add_target(target)


def add_target(target: Path) -> None:
    """Add a file or folder in data/ to DVC.

    Raises:
        UserError: as `add_to_dvc` does.
    """
    from dvc.repo import Repo

    file = Path(f"{target}.dvc")
    before = file.read_bytes() if file.exists() else None
    repo = Repo()
    repo.scm_context.quiet = True  # what to type next is said below
    try:
        repo.add(str(target))
        unstored = find_unstored(target)
        reason = describe_unstored(target, unstored) if unstored else ""
    except Exception as error:  # DVC's packages have exceptions of their own
        reason = str(error)
    if not reason:
        # `dvc exp run --temp` copies only files that Git knows.
        subprocess.run(["git", "add", str(file)], check=True)
        echo(f"DVC now stores {target}. Run `dvc push` to share it.")
        return
    if before is not None:
        file.write_bytes(before)
    elif file.exists():
        with suppress(Exception):  # for the empty file that a full disk leaves
            repo.remove(str(file))
        file.unlink(missing_ok=True)
    raise UserError(f"DVC cannot store {target}: {reason}")
