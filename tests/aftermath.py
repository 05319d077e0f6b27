"""What must hold after a fault: nothing half-written while it lasts, all as before once the pipeline has run."""

import hashlib
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tiny

CACHE = Path(".dvc", "cache")
STAGES = ["fetch@tiny", "split@tiny", "binarize@five-sgd", "train@five-sgd", "evaluate@five-sgd"]  # one of each kind
UNFINISHED = re.compile(r".+\.(part|tmp)")  # a stage's temporary files, and DVC's
DVC_TEMPORARY = re.compile(r"\.[\w-]{22}\.tmp")


def slow_except(quick: Any, cases: Iterable[Any]) -> list[Any]:
    """Return a test's cases, of which only `quick` is part of every `make test`."""
    return [pytest.param(case, marks=() if case == quick else pytest.mark.slow) for case in cases]


def recorded(project: Path, stage: str) -> dict[str, Any]:
    """Return a stage's entry in dvc.lock."""
    entry = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"][stage]
    assert isinstance(entry, dict)
    return entry


def outputs(project: Path, stage: str) -> list[Path]:
    """Return the files that a stage writes."""
    return [Path(out["path"]) for out in recorded(project, stage)["outs"]]


def objects(project: Path, stage: str) -> list[Path]:
    """Return the files in DVC's cache that hold a stage's outputs, but for metrics and plots, which are in Git."""
    paths = [CACHE / "files/md5" / out["md5"][:2] / out["md5"][2:] for out in recorded(project, stage)["outs"]]
    return [path for path in paths if (project / path).exists()]


def forget(project: Path, made: Path, stage: str) -> None:
    """Delete a stage's outputs, also from the cache, and the record of its runs: it must run again."""
    for path in outputs(made, stage) + objects(made, stage):
        (project / path).unlink(missing_ok=True)
    shutil.rmtree(project / CACHE / "runs", ignore_errors=True)


def delete_cached_outputs(project: Path) -> None:
    """Delete the outputs that are not in Git."""
    tiny.run(["git", "clean", "-fdqX", "data", "models"], project)


def nothing_is_half_written(project: Path, made: Path) -> None:
    """Check that each output is whole or missing, apart from temporary files, and that DVC's cache is sound.

    While DVC adds an object it is empty for an instant, but not yet read-only: DVC trusts it only after that.
    """
    expected = tiny.files(made)
    for path, content in tiny.files(project).items():
        if path != "dvc.lock" and not any(map(UNFINISHED.fullmatch, Path(path).parts)):
            assert content == expected.get(path), path
    assert [path for path in broken_objects(project) if not path.stat().st_mode & stat.S_IWUSR] == []


def broken_objects(project: Path) -> list[Path]:
    """Return the finished files of DVC's cache whose content does not have the digest that they are named by."""
    files = [file for file in (project / CACHE / "files/md5").glob("*/*") if not UNFINISHED.fullmatch(file.name)]
    return [file for file in files if md5(file) != file.parent.name + file.name.removesuffix(".dir")]


def md5(path: Path) -> str:
    """Return a file's MD5."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def all_is_well(project: Path, made: Path) -> None:
    """Check that `dvc repro` gives the bytes of an undisturbed run, and that Git sees no change."""
    tiny.repro(project)
    is_as_before(project, made)


def is_as_before(project: Path, made: Path) -> None:
    """Check that each file has the bytes of an undisturbed run, the cache is sound, and Git sees no change."""
    left = {
        path: content for path, content in tiny.files(project).items() if not DVC_TEMPORARY.fullmatch(Path(path).name)
    }
    assert left == tiny.files(made)
    assert broken_objects(project) == []
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == ""
