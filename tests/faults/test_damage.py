"""Damaged or missing files: outputs, DVC's cache, dvc.lock. What DVC cannot see is found by `make verify`."""

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests import aftermath, tiny

pytestmark = pytest.mark.fault

Damage = Callable[[Path], object]


def flip_bit(path: Path) -> None:
    """Flip one bit in the middle of a file, and leave it writable."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Leave the first half of a file."""
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES: dict[str, Damage] = {"a flipped bit": flip_bit, "cut off": truncate, "gone": Path.unlink}


@pytest.mark.parametrize(
    "case", aftermath.slow_except("split@tiny: cut off", map(": ".join, product(aftermath.STAGES, DAMAGES)))
)
def test_a_damaged_object_of_the_cache_is_thrown_away_and_its_stage_runs_again(
    made: Path, project: Path, case: str
) -> None:
    stage, damage = case.split(": ")
    DAMAGES[damage](project / aftermath.objects(made, stage)[0])
    for path in aftermath.outputs(made, stage):
        (project / path).unlink()
    assert tiny.repro(project) == [stage]
    aftermath.is_as_before(project, made)


def delete(*patterns: str) -> Damage:
    """Return a function that deletes files and folders of a project."""

    def damage(project: Path) -> None:
        for path in [path for pattern in patterns for path in project.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def damage_outputs(how: str) -> Damage:
    """Return a function that damages one output of each stage."""
    return lambda project: [DAMAGES[how](project / aftermath.outputs(project, each)[0]) for each in aftermath.STAGES]


def forget_stages(project: Path) -> None:
    """Leave a valid dvc.lock with fewer stages."""
    lock = project / "dvc.lock"
    lock.write_bytes(lock.read_bytes().partition(b"  train@five-sgd:")[0])


LOST: dict[str, Damage] = {
    "a flipped bit in each stage's output": damage_outputs("a flipped bit"),
    "a truncated output of each stage": damage_outputs("cut off"),
    "half of the data": delete("data/raw", "data/labels", "data/split/tiny/train.parquet"),
    "every output": delete("data/*/*", "models/*.joblib", "metrics", "plots"),
    "half of dvc.lock": forget_stages,
    "dvc.lock and every output": delete("dvc.lock", "data/*/*", "models/*.joblib", "metrics", "plots"),
    "what DVC remembers": delete(".dvc/tmp"),
}


@pytest.mark.parametrize("lost", aftermath.slow_except("half of the data", LOST))
def test_what_is_lost_comes_back_from_the_cache_and_nothing_runs(made: Path, project: Path, lost: str) -> None:
    LOST[lost](project)
    assert tiny.repro(project) == []
    aftermath.is_as_before(project, made)


@pytest.mark.slow
def test_without_the_cache_all_is_made_again(made: Path, project: Path) -> None:
    shutil.rmtree(project / aftermath.CACHE)
    assert len(tiny.repro(project)) == 9
    aftermath.is_as_before(project, made)


CONFLICT = b"<<<<<<< HEAD\n    md5: 1\n=======\n    md5: 2\n>>>>>>> smoother\n"
LOCKS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut off in a word": lambda content: content[: content.index(b"path", 1000) + 3],
    "with conflict markers": lambda content: content[:500].rpartition(b"\n")[0] + b"\n" + CONFLICT + content[500:],
    "overwritten with zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("broken", aftermath.slow_except("empty", LOCKS))
def test_a_broken_dvc_lock_is_named_by_dvc_and_restored_by_git(made: Path, project: Path, broken: str) -> None:
    lock = project / "dvc.lock"
    lock.write_bytes(LOCKS[broken](lock.read_bytes()))
    assert "dvc.lock'" in tiny.run(["dvc", "repro"], project, status=255).stderr
    tiny.run(["git", "restore", "dvc.lock"], project)
    assert tiny.repro(project) == []
    aftermath.is_as_before(project, made)
