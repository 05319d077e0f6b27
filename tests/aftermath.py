"""What must hold after a fault: nothing half-written while it lasts, and all as it was once the pipeline has run."""

import hashlib
import re
import shutil
import stat
from pathlib import Path
from typing import Any

import yaml

from tests import tiny

CACHE = Path(".dvc", "cache")
UNFINISHED = re.compile(r".+\.(part|tmp)")  # a stage's own, and DVC's
DVCS = re.compile(r"\.[\w-]{22}\.tmp")


def recorded(project: Path, stage: str) -> dict[str, Any]:
    """Return what dvc.lock says of a stage."""
    entry = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"][stage]
    assert isinstance(entry, dict)
    return entry


def outputs(project: Path, stage: str) -> list[Path]:
    """Return the files that a stage writes, those in folders one by one, as they lie in a project that has run."""
    found: list[Path] = []
    for out in recorded(project, stage)["outs"]:
        path = project / out["path"]
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [path.relative_to(project) for path in found]


def objects(project: Path, stage: str) -> list[Path]:
    """Return the files in DVC's cache that hold a stage's outputs."""
    folder = project / CACHE / "files" / "md5"
    digests = [out["md5"] for out in recorded(project, stage)["outs"]]
    digests += [
        hashlib.md5((project / path).read_bytes(), usedforsecurity=False).hexdigest()
        for path in outputs(project, stage)
    ]
    return [folder / digest[:2] / digest[2:] for digest in dict.fromkeys(digests)]


def forget(project: Path, stage: str) -> None:
    """Delete a stage's outputs, in the cache as well, and that they were ever made: it must run again."""
    for path in objects(project, stage):
        path.unlink(missing_ok=True)
    for out in recorded(project, stage)["outs"]:
        path = project / out["path"]
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(project / CACHE / "runs", ignore_errors=True)


def nothing_is_half_written(project: Path, made: Path) -> None:
    """Check that each output is whole or not there, but for temporary files, and DVC's cache too.

    While DVC puts an object there it is empty for an instant, but not yet read-only: DVC trusts it only after that.
    """
    expected = tiny.files(made)
    for path, content in tiny.files(project).items():
        if path != "dvc.lock" and not any(map(UNFINISHED.fullmatch, Path(path).parts)):
            assert content == expected.get(path), path
    assert [path for path in broken_objects(project) if not path.stat().st_mode & stat.S_IWUSR] == []


def broken_objects(project: Path) -> list[Path]:
    """Return the finished files of DVC's cache whose content is not what their name says."""
    files = [file for file in (project / CACHE / "files/md5").glob("*/*") if not UNFINISHED.fullmatch(file.name)]
    names = [file.parent.name + file.name.removesuffix(".dir") for file in files]
    return [
        file
        for file, name in zip(files, names, strict=True)
        if hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() != name
    ]


def all_is_well(project: Path, made: Path) -> None:
    """Check that `dvc repro` gives the bytes of an undisturbed run, and that Git sees no change."""
    tiny.repro(project)
    is_as_before(project, made)


def is_as_before(project: Path, made: Path) -> None:
    """Check that each file has the bytes of an undisturbed run, the cache is whole, and Git sees no change."""
    left = {path: content for path, content in tiny.files(project).items() if not DVCS.fullmatch(Path(path).name)}
    assert left == tiny.files(made)
    assert broken_objects(project) == []
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == ""
