"""`digits verify` finds what DVC trusts unread, and the commands that it prints restore it."""

import os
from pathlib import Path

from tests import tiny

import pytest

VERIFY = "digits verify"


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


@pytest.fixture(scope="module")
def with_folder(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the made project that has a folder among its outputs, too. Not to be changed."""
    project = tiny.copy(made, tmp_path_factory.mktemp("verify") / "tiny")
    tiny.add_folder(project)
    return project


def found_and_restored(project: Path, right: Path) -> set[str]:
    """Return the faults that are found in a project, once the commands have made it as another one."""
    lines = tiny.run(VERIFY, project, status=1).stdout.splitlines()
    for command in lines[1::2]:
        tiny.run(["sh", "-c", command], project)
    assert tiny.run(VERIFY, project).stdout.endswith(" of the cache are as recorded\n")
    assert tiny.files(project) == tiny.files(right)
    assert tiny.repro(project) == []
    return set(lines[::2])


@pytest.mark.fault
def test_what_is_broken_is_found_named_and_restored(made: Path, project: Path) -> None:
    model, split = "models/five-sgd.skops", "data/split/tiny/train.parquet"
    broken_copy, missing_copy = "models/digit-logreg.skops", "data/crossval/five-sgd.parquet"
    flip(project / model, tiny.stored(project, broken_copy))
    (project / split).unlink()
    tiny.stored(project, missing_copy).unlink()
    changed = "has another content than dvc.lock records"
    assert found_and_restored(project, made) == {
        f"{tiny.stored(project, broken_copy).relative_to(project)} is broken",
        f"{model} {changed}",
        f"{split} is missing",
        f"{broken_copy} is right, but not in the cache",
        f"{missing_copy} is right, but not in the cache",
    }


@pytest.mark.slow
@pytest.mark.fault
def test_a_folder_whose_listing_is_broken_is_made_again(with_folder: Path, tmp_path: Path) -> None:
    project = tiny.copy(with_folder, tmp_path / "copy")
    listing = tiny.stored(project, tiny.FOLDER)
    flip(listing)
    faults = {f"{tiny.FOLDER} is right, but not in the cache", f"{listing.relative_to(project)} is broken"}
    assert found_and_restored(project, with_folder) == faults


@pytest.mark.fault
def test_a_bit_in_any_file_of_the_outputs_and_the_cache_is_found(project: Path) -> None:
    paths = [project / out["path"] for stage in tiny.lock(project).values() for out in stage["outs"]]
    paths += [path for path in (project / ".dvc/cache/files").rglob("*") if path.is_file()]
    assert len(paths) > 40
    flip(*paths)
    printed = tiny.run(VERIFY, project, status=1).stdout
    assert [path for path in paths if f"{path.relative_to(project)} " not in printed] == []


def test_a_clone_without_data_is_told_to_get_it(made: Path, tmp_path: Path) -> None:
    tiny.run(["git", "clone", "--quiet", str(made), "clone"], tmp_path)
    done = tiny.run(VERIFY, tmp_path / "clone")
    assert "`dvc pull` fetches them, `dvc repro` makes them" in done.stderr
