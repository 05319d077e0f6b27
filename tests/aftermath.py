"""What must hold after a fault: nothing half-written while it lasts, all as before once the pipeline has run."""

import hashlib
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests import tiny

import pytest

STAGES = ["fetch@tiny", "split@tiny", "binarize@five-sgd", "train@five-sgd", "evaluate@five-sgd"]  # one of each kind
UNFINISHED = re.compile(r".+\.(part|tmp)")  # a stage's temporary files, and DVC's
DVC_TEMPORARY = re.compile(r"\.[\w-]{22}\.tmp")


def slow_except(quick: Iterable[Any], cases: Iterable[Any]) -> list[Any]:
    """Return a test's cases, of which only the `quick` ones are part of `make test`; `make faults` runs all."""
    slow = (pytest.mark.fault, pytest.mark.slow)
    return [pytest.param(case, marks=() if case in quick else slow) for case in cases]


def outputs(project: Path, stage: str) -> list[str]:
    """Return the files that a stage writes."""
    return [out["path"] for out in tiny.lock(project)[stage]["outs"]]


def objects(project: Path, made: Path, stage: str) -> list[Path]:
    """Return where the cache of a project has a stage's outputs, but for metrics and plots, which are in Git."""
    paths = [tiny.stored(made, path) for path in outputs(made, stage)]
    return [project / path.relative_to(made) for path in paths if path.exists()]


def forget(project: Path, made: Path, stage: str) -> None:
    """Delete a stage's outputs, also from the cache, and the record of its runs: it must run again."""
    for path in [*(project / path for path in outputs(made, stage)), *objects(project, made, stage)]:
        path.unlink(missing_ok=True)
    shutil.rmtree(project / ".dvc/cache/runs", ignore_errors=True)


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
    files = [file for file in (project / ".dvc/cache/files/md5").glob("*/*") if not UNFINISHED.fullmatch(file.name)]
    digests = {file: hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() for file in files}
    return [file for file in files if digests[file] != file.parent.name + file.name.removesuffix(".dir")]


def all_is_well(project: Path, made: Path) -> None:
    """Check that `dvc repro` gives the bytes of an undisturbed run, and that Git sees no change."""
    tiny.repro(project)
    is_as_before(project, made)


def is_as_before(project: Path, made: Path) -> None:
    """Check that each file has the bytes of an undisturbed run, the cache is sound, and Git sees no change."""
    files = tiny.files(project)
    left = {path: content for path, content in files.items() if not DVC_TEMPORARY.fullmatch(Path(path).name)}
    assert left == tiny.files(made)
    assert broken_objects(project) == []
    assert tiny.git_status(project) == ""
