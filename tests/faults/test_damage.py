"""Files that are damaged or gone: outputs, DVC's cache, dvc.lock. What DVC cannot see is found by `make verify`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import aftermath, tiny

pytestmark = pytest.mark.fault

STAGES = ["fetch@tiny", "split@tiny", "binarize@tiny", "train@five-sgd", "evaluate@five-sgd", "report"]
Damage = Callable[[Path], object]


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file, and leave it writable."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[: len(content) // 2])


QUICK = ("split@tiny", flip)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [flip, cut, Path.unlink], ids=["a flipped bit", "cut off", "gone"])
def test_damaged_outputs_are_restored_from_the_cache_and_nothing_runs(
    made: Path, project: Path, damage: Damage
) -> None:
    for stage in STAGES:
        damage(project / aftermath.outputs(made, stage)[0])
    assert tiny.repro(project) == []
    aftermath.is_as_before(project, made)


@pytest.mark.parametrize(
    ("stage", "damage"),
    [
        pytest.param(stage, damage, id=f"{stage}: {name}", marks=() if (stage, damage) == QUICK else pytest.mark.slow)
        for stage in STAGES
        for name, damage in {"a flipped bit": flip, "cut off": cut, "gone": Path.unlink}.items()
    ],
)
def test_a_damaged_object_of_the_cache_is_thrown_away_and_its_stage_runs_again(
    made: Path, project: Path, stage: str, damage: Damage
) -> None:
    objects = aftermath.objects(made, stage)
    damage(project / objects[0].relative_to(made))
    for path in aftermath.outputs(made, stage):
        (project / path).unlink()
    assert tiny.repro(project) == [stage]
    aftermath.is_as_before(project, made)


CONFLICT = b"<<<<<<< HEAD\n    md5: 1\n=======\n    md5: 2\n>>>>>>> smoother\n"
LOCKS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut off in a word": lambda content: content[: content.index(b"path", 1000) + 3],
    "with conflict markers": lambda content: content[:500].rpartition(b"\n")[0] + b"\n" + CONFLICT + content[500:],
    "overwritten with zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize(
    "broken", [pytest.param(broken, marks=() if broken == "empty" else pytest.mark.slow) for broken in LOCKS]
)
def test_a_broken_dvc_lock_is_named_by_dvc_and_restored_by_git(made: Path, project: Path, broken: str) -> None:
    lock = project / "dvc.lock"
    lock.write_bytes(LOCKS[broken](lock.read_bytes()))
    before = tiny.files(project)
    assert "dvc.lock'" in tiny.run(["dvc", "repro"], project, status=255).stderr
    assert tiny.files(project) == before
    tiny.run(["git", "restore", "dvc.lock"], project)
    assert tiny.repro(project) == []
    aftermath.is_as_before(project, made)


def delete(*names: str) -> Damage:
    """Return what deletes files and folders."""

    def damage(project: Path) -> None:
        for path in (project / name for name in names):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def cut_lock_between_stages(project: Path) -> None:
    """Leave a dvc.lock that is as valid as a whole one, but knows fewer stages."""
    lock = project / "dvc.lock"
    lock.write_bytes(lock.read_bytes().partition(b"  train@five-sgd:")[0])


OUTPUTS = ["data", "models", "metrics", "plots", "report.html"]
GONE: dict[str, Damage] = {
    "half of the data": delete("data/raw", "data/labels", "data/split/tiny/train.parquet"),
    "every output": delete(*OUTPUTS),
    "dvc.lock": delete("dvc.lock"),
    "half of dvc.lock": cut_lock_between_stages,
    "dvc.lock and every output": delete("dvc.lock", *OUTPUTS),
    "what DVC remembers": delete(".dvc/tmp"),
}


@pytest.mark.parametrize(
    "gone", [pytest.param(gone, marks=() if gone == "half of the data" else pytest.mark.slow) for gone in GONE]
)
def test_what_is_gone_comes_back_from_the_cache_and_nothing_runs(made: Path, project: Path, gone: str) -> None:
    GONE[gone](project)
    assert tiny.repro(project) == []
    aftermath.is_as_before(project, made)


@pytest.mark.slow
@pytest.mark.parametrize("saved", [False, True], ids=["and all is made again", "and `dvc commit` fills it"])
def test_the_cache_is_gone(made: Path, project: Path, saved: bool) -> None:
    shutil.rmtree(project / aftermath.CACHE)
    if saved:
        tiny.run(["dvc", "commit", "--force"], project)
    assert len(tiny.repro(project)) == (0 if saved else 10)
    aftermath.nothing_is_half_written(project, made)
    aftermath.all_is_well(project, made)
    shutil.rmtree(project / "models")
    assert tiny.repro(project) == []
