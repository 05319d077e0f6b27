"""A dvc.lock that a killed run has cut off is noticed, though it may parse."""

import random
from pathlib import Path

from digits.results import lock
from tests import tiny

import pytest

CONTENT = (tiny.ROOT / "dvc.lock").read_bytes()
LINES = [place + 1 for place, byte in enumerate(CONTENT[:-1]) if byte == ord("\n")]
SIZES = {  # that are left of it, in bytes; Python writes in buffers of 8 KiB
    "a few": [*range(0, len(CONTENT), 40_960)],
    "buffers": [*range(0, len(CONTENT), 8192)],
    "lines": LINES[-30:],
    "anywhere": random.Random(42).sample(range(len(CONTENT)), 60),
}
SLOW = ["buffers", "lines", "anywhere"]


@pytest.mark.parametrize("sizes", ["a few", *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)])
def test_no_cut_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: str) -> None:
    for name in ("dvc.yaml", "params.yaml", "dvc.lock", ".dvc/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((tiny.ROOT / name).read_bytes())
    tiny.run("git init --quiet", tmp_path)
    tiny.commit(tmp_path, "complete")
    monkeypatch.chdir(tmp_path)
    assert lock.fault() is None
    for size in SIZES[sizes]:
        Path("dvc.lock").write_bytes(CONTENT[:size])
        assert lock.fault(), f"cut off after {size} bytes"


def cut_off(project: Path, start: str) -> str:
    """Keep of dvc.lock what stands before a text, and return the line that is said of it."""
    file = project / "dvc.lock"
    left, found, _ = file.read_text(encoding="utf-8").partition(start)
    assert found
    file.write_text(left, encoding="utf-8")
    return " since the last commit; `dvc repro` or `git checkout HEAD dvc.lock`"


def test_what_is_gone_is_named_until_it_is_back(project: Path) -> None:
    remedy = cut_off(project, "    - path: plots/five-sgd/roc.csv")  # two lines above the end of an entry
    line = f"dvc.lock has lost evaluate@five-sgd, evaluate@digit-logreg{remedy}"
    assert tiny.run("digits check", project).stderr == f"check: {line}\n"  # and exits with 0: `dvc repro` may come
    assert tiny.failure("digits verify", project) == f"verify: error: {line}"
    assert tiny.failure("digits pushed --lock-only", project) == f"pushed: error: {line}"
    assert f"compare: {line}\n" in tiny.run("digits compare HEAD", project).stderr
    tiny.run("git add dvc.lock", project)
    assert line in tiny.run("pre-commit run lock", project, status=1).stdout
    tiny.repro(project)
    assert tiny.run("digits check", project).stderr == ""


def test_a_removed_experiment_is_not_lost(project: Path) -> None:
    tiny.edit(project, {"experiments.digit-logreg": ...})
    tiny.run("digits prune --delete", project)
    assert "digit-logreg" not in (project / "dvc.lock").read_text(encoding="utf-8")
    assert tiny.run("digits check", project).stderr == ""


def test_a_side_that_is_cut_off_is_not_merged(project: Path) -> None:
    for side in ("base", "ours"):
        (project / side).write_bytes((project / "dvc.lock").read_bytes())
    cut_off(project, "train@five-sgd")
    ours = tiny.files(project)["ours"]
    line = tiny.failure("digits merge-lock base ours dvc.lock", project)
    assert line == "merge-lock: error: dvc.lock is cut off or damaged"
    assert tiny.files(project)["ours"] == ours
