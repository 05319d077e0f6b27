"""A model file from somebody else, brought in by each way that a file can come: nothing in it runs."""

import hashlib
from pathlib import Path

from tests import aftermath, bombs, tiny

import pytest
import yaml

MODEL = "models/five-sgd.skops"


def by_hand(project: Path, content: bytes) -> str:
    (project / MODEL).unlink()
    (project / MODEL).write_bytes(content)
    return "python -m stages.evaluate five-sgd"


def single_item(project: Path, content: bytes) -> str:
    by_hand(project, content)
    return "dvc repro --single-item evaluate@five-sgd"


def tampered_cache(project: Path, content: bytes) -> str:
    """DVC takes a read-only object of its cache for what its name says, unread."""
    place = tiny.stored(project, MODEL)
    place.chmod(0o644)
    place.write_bytes(content)
    place.chmod(0o444)
    (project / MODEL).unlink()
    tiny.run(f"dvc checkout {MODEL}", project)
    return "dvc repro --force --single-item evaluate@five-sgd"


def poisoned_run_cache(project: Path, content: bytes) -> str:
    """DVC takes a stage's outputs from the record of an earlier run, which anybody who may push can write."""
    md5, before = (
        hashlib.md5(each, usedforsecurity=False).hexdigest() for each in (content, (project / MODEL).read_bytes())
    )
    place = project / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(content)
    records = [
        path for path in (project / ".dvc/cache/runs").rglob("*") if path.is_file() and before in path.read_text()
    ]
    for path in records:
        record = yaml.safe_load(path.read_text().replace(before, md5))
        for out in [*record.get("outs", []), *record.get("deps", [])]:
            if out["path"] == MODEL:
                out["size"] = len(content)
        path.write_text(yaml.safe_dump(record))
    for name in [*aftermath.outputs(project, "train@five-sgd"), "dvc.lock"]:
        (project / name).unlink()
    return "dvc repro evaluate@five-sgd"


WAYS = {way.__name__: way for way in (by_hand, single_item, tampered_cache, poisoned_run_cache)}
QUICK = [("by_hand", "pickle"), ("poisoned_run_cache", "skops")]


@pytest.mark.fault
@pytest.mark.parametrize(
    "case", aftermath.slow_except(QUICK, [(way, kind) for way in WAYS for kind in ("pickle", "skops")])
)
def test_a_foreign_model_is_never_run(project: Path, case: tuple[str, str]) -> None:
    way, kind = case
    content = {"pickle": bombs.pickled, "skops": bombs.skops}[kind](project / "ran")
    command = WAYS[way](project, content)
    done = tiny.run(command, project, status=1 if way == "by_hand" else 255)
    assert (project / MODEL).read_bytes() == content
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("evaluate: error: ")]
    assert f"{MODEL} cannot be loaded (" in line
    assert "Traceback" not in done.stderr
    assert not (project / "ran").exists()
