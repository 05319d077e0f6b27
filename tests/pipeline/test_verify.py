"""`python -m tools.verify` finds what DVC trusts unread, and the commands that it prints restore it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests import folder, tiny

VERIFY = ["python", "-m", "tools.verify"]


def flip(*paths: Path) -> None:
    """Flip one bit in the middle of each file, and leave its time, its size and its mode as they were."""
    for path in paths:
        before = path.stat()
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)
        path.chmod(before.st_mode)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cached(project: Path, path: str) -> Path:
    """Return the copy in the cache of an output, or of a folder's listing."""
    stages = yaml.safe_load((project / "dvc.lock").read_text())["stages"].values()
    [md5] = [out["md5"] for stage in stages for out in stage["outs"] if out["path"] == path]
    return project / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


MODEL, TRAIN = "models/five-sgd.joblib", "data/split/tiny/train.parquet"
CHANGED = "has another content than dvc.lock records"
FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "an output": (lambda project: flip(project / MODEL), f"{MODEL} {CHANGED}"),
    "an output is missing": (lambda project: (project / TRAIN).unlink(), f"{TRAIN} is missing"),
    "a cached file": (
        lambda project: flip(cached(project, MODEL)),
        f"{MODEL} is right, but its copy in the cache is broken",
    ),
    "a cached file is missing": (
        lambda project: cached(project, MODEL).unlink(),
        f"{MODEL} is right, but its copy in the cache is missing",
    ),
    "an output and its cached file": (
        lambda project: flip(project / MODEL, cached(project, MODEL)),
        f"{MODEL} {CHANGED}, and its copy in the cache is broken",
    ),
    "a metric": (lambda project: flip(project / "metrics/five-sgd.json"), f"metrics/five-sgd.json {CHANGED}"),
    "a file in a folder": (lambda project: flip(project / folder.PATH / "a"), f"{folder.PATH}/a {CHANGED}"),
    "a folder's listing": (
        lambda project: flip(cached(project, folder.PATH)),
        f"{folder.PATH} cannot be checked: its listing in the cache is broken",
    ),
    "a folder's listing is missing": (
        lambda project: cached(project, folder.PATH).unlink(),
        f"{folder.PATH} cannot be checked: its listing in the cache is missing",
    ),
    "a file too many": (
        lambda project: (project / folder.PATH / "notes.txt").write_text("mine"),
        f"{folder.PATH}/notes.txt is no part of its output",
    ),
}


@pytest.fixture(scope="module")
def with_folder(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the made project that has a folder among its outputs, too. Not to be changed."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("verify") / "tiny", symlinks=True))
    folder.add(project)
    return project


@pytest.mark.fault
@pytest.mark.parametrize(("damage", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_is_broken_is_found_named_and_restored(
    with_folder: Path, tmp_path: Path, damage: Callable[[Path], object], fault: str
) -> None:
    project = Path(shutil.copytree(with_folder, tmp_path / "copy", symlinks=True))
    before = tiny.files(project)
    damage(project)
    named, restore = tiny.run(VERIFY, project, status=1).stdout.splitlines()
    assert named == fault
    tiny.run(["sh", "-c", restore], project)
    assert tiny.run(VERIFY, project).stdout.startswith("all ")
    assert tiny.files(project) == before
    assert tiny.repro(project) == []


@pytest.mark.fault
def test_a_bit_in_any_file_is_found(project: Path) -> None:
    """In each file of the outputs and of the cache."""
    stages = yaml.safe_load((project / "dvc.lock").read_text())["stages"].values()
    paths = [project / out["path"] for stage in stages for out in stage["outs"]]
    paths += [path for path in (project / ".dvc/cache/files").rglob("*") if path.is_file()]
    assert len(paths) > 40
    flip(*paths)
    printed = tiny.run(VERIFY, project, status=1).stdout
    assert [path for path in paths if str(path.relative_to(project)) not in printed] == []


def test_a_clone_without_data_is_told_to_get_it(made: Path, tmp_path: Path) -> None:
    tiny.run(["git", "clone", "--quiet", str(made), "clone"], tmp_path)
    done = tiny.run(VERIFY, tmp_path / "clone")
    assert "`dvc pull` fetches them, `dvc repro` makes them" in done.stderr


def test_elsewhere_than_in_the_project_it_says_where_to_run(made: Path, tmp_path: Path) -> None:
    for place in [made / "data", tmp_path]:
        done = tiny.run(VERIFY, place, status=2, PYTHONPATH=str(tiny.ROOT))
        assert done.stderr.endswith("; run from the folder that holds both\n")
        assert len(done.stderr.splitlines()) == 1


def test_a_cache_elsewhere_is_found(project: Path) -> None:
    shutil.move(project / ".dvc/cache", project.parent / "elsewhere")
    tiny.run(["dvc", "cache", "dir", "--local", "../elsewhere"], project)
    assert tiny.run(VERIFY, project).stdout.startswith("all ")
