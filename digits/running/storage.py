"""Find images and networks that neither Git nor DVC has, or that `fetch` does not depend on."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from digits import networks
from digits.messages.errors import UserError
from digits.messages.git import has_repository
from digits.messages.terminal import warn
from digits.running.dependencies import read_dependencies
from digits.settings.params import DatasetParams, list_addresses
from digits.sources import load_source

Sources = list[dict[str, str]]  # as in an entry of params.yaml


def list_targets(sources: Sources, network_files: Sequence[Path] = ()) -> list[Path]:
    """Return the paths to pass to `dvc add`: for a path in data/, its top-level entry there."""
    paths = [*list_paths(sources), *network_files]
    return list(dict.fromkeys(find_target(path) for path in paths if path.exists()))


def list_paths(sources: Sources) -> list[Path]:
    """Return the files and folders that a dataset reads, which may not exist."""
    return [
        Path(address)
        for kind, address in list_addresses(sources)
        if load_source(kind).is_path and not address.startswith(("http:", "https:"))
    ]


def check_dependencies(name: str, dataset: DatasetParams) -> None:
    """Check that dvc.yaml declares the files that a dataset reads without a checksum.

    Raises:
        UserError: the stage `fetch` would not run again after a change of them.
    """
    declared, _ = read_dependencies("fetch", name)
    paths = networks.list_files(dataset)
    if dataset.sha256 is None:
        paths += list_paths(dataset.sources)
    for path in paths:
        if declared and not any(path.is_relative_to(each) for each in declared):
            raise UserError(
                f"dvc.yaml: the stage `fetch` does not depend on {path}; add it to `deps`"
            )


def find_target(path: Path) -> Path:
    """Return the path to pass to `dvc add`, relative to the working directory."""
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    if path.parts[:1] == ("data",):
        return Path(*path.parts[:2])
    return path


def find_dvc_file(path: Path) -> Path:
    """Return the file in which DVC records the target of a path."""
    return Path(f"{find_target(path)}.dvc")


def warn_about_unstored(sources: Sources, network_files: Sequence[Path] = ()) -> None:
    """Print which targets of a dataset are only on this disk."""
    if not has_dvc():
        return
    for target in list_targets(sources, network_files):
        if not find_dvc_file(target).exists() and not is_in_git(target):
            warn(
                f"{target} is in neither Git nor DVC, so colleagues and experiments do not get "
                f"it; run `dvc add {shlex.quote(str(target))}`"
            )


def has_dvc() -> bool:
    """Return whether DVC can store images. False in a downloaded archive, which has no .git."""
    return Path(".dvc").exists() and has_repository()


def is_in_git(target: Path) -> bool:
    """Return whether Git has a file, or a file in a folder."""
    command = ["git", "ls-files", "-z", "--", str(target)]
    return bool(subprocess.run(command, capture_output=True, check=False).stdout)
