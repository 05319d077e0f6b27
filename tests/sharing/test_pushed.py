"""`make pushed`: whether a clone of this commit can pull everything and has nothing to run, asked where no data is."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests import folder, tiny

WELL = "dvc.lock is complete and committed, the remote has all that it names"
READ = "dvc.lock is complete and committed; every file in the remote that it names was read and is whole"
KEYS = [("deps",), ("outs", "metrics", "plots")]


@pytest.fixture(scope="module")
def origin(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Push the cache of the made project, and of a folder, to the remote beside it."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("pushed") / "origin", symlinks=True))
    folder.add(project)
    tiny.run(["dvc", "push"], project)
    return project


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Path:
    """Return a clone with neither data nor cache, and a copy of the remote beside it."""
    project = tmp_path / "clone"
    tiny.run(["git", "clone", "--quiet", str(origin), str(project)], tmp_path)
    shutil.copytree(origin.parent / "digits-remote", tmp_path / "digits-remote")
    return project


def check(project: Path, *arguments: str, status: int = 1) -> list[str]:
    """Run the check and return what it printed, line by line."""
    done = tiny.run(["python", "-m", "tools.pushed", *arguments], project, status=status)
    assert bool(done.stderr) == bool(status)
    return (done.stdout + done.stderr).splitlines()


def change(project: Path, alpha: float | None = None, positive: list[int] | None = None) -> None:
    """Edit a parameter of one experiment, or its task."""
    values = tiny.params()
    if alpha:
        values["experiments"]["five-sgd"]["hyperparameters"]["alpha"] = alpha
    if positive:
        values["tasks"]["five"]["positive"] = positive
    tiny.write_params(project, values)


def recorded(project: Path, stage: str, path: str) -> str:
    """Return the digest of an output in dvc.lock."""
    outs = yaml.safe_load((project / "dvc.lock").read_text())["stages"][stage]["outs"]
    return str({out["path"]: out["md5"] for out in outs}[path])


def test_all_is_well_in_a_clone_without_data(clone: Path) -> None:
    assert check(clone, status=0) == [WELL]
    assert check(clone, "--content", status=0) == [READ]
    assert not (clone / "data" / "raw").exists()


def test_an_edit_that_nobody_ran_is_named_before_and_after_its_commit(clone: Path) -> None:
    change(clone, alpha=0.01)
    stale = "pushed: dvc.lock is out of date for train@five-sgd; `dvc repro`, commit, `dvc push`"
    assert check(clone) == [stale, "pushed: not committed: params.yaml; `git add` and `git commit`"]
    tiny.commit(clone, "an edit alone")
    assert check(clone, "--lock-only") == [stale]


def test_labels_that_nobody_trained_on_are_named_though_no_data_is_here(origin: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(origin, tmp_path / "mine", symlinks=True))
    change(project, positive=[5, 6])
    assert tiny.repro(project, "binarize@five-sgd") == ["binarize@five-sgd"]
    tiny.commit(project, "another task, half run")
    tiny.run(["git", "clone", "--quiet", str(project), "theirs"], tmp_path)
    (line,) = check(tmp_path / "theirs", "--lock-only")
    assert re.findall(r"\w+@[\w-]+", line) == ["train@five-sgd", "evaluate@five-sgd"]
    assert line.startswith("pushed: dvc.lock is out of date for ")


def test_one_experiment_changed_and_evaluated_leaves_nothing_out_of_date(origin: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(origin, tmp_path / "mine", symlinks=True))
    change(project, alpha=0.01)
    assert tiny.repro(project, "evaluate@five-sgd") == ["evaluate@five-sgd", "train@five-sgd"]
    tiny.commit(project, "another alpha")
    tiny.run(["git", "clone", "--quiet", str(project), "theirs"], tmp_path)
    assert check(tmp_path / "theirs", "--lock-only", status=0) == ["dvc.lock is complete"]


def test_a_dep_on_another_stage_is_one_of_its_outs(made: Path) -> None:
    """A dep inside of an out, or one that holds outs, cannot be compared by who has no data."""
    stages = yaml.safe_load((made / "dvc.lock").read_text())["stages"].values()
    recipes = [stage["do"] for stage in yaml.safe_load((tiny.ROOT / "dvc.yaml").read_text())["stages"].values()]
    locked = ([[entry["path"] for entry in stage[key]] for stage in stages] for key in ("deps", "outs"))
    written = (
        [[name_of(entry) for kind in keys for entry in recipe.get(kind, [])] for recipe in recipes] for keys in KEYS
    )
    for deps, outs in (locked, written):
        every = {path for paths in outs for path in paths}
        assert len(every) > 10
        for dep in {path for paths in deps for path in paths} - every:
            assert not [out for out in every if Path(out).is_relative_to(dep) or Path(dep).is_relative_to(out)], dep


def name_of(entry: str | dict[str, object]) -> str:
    """Return the path of a dep or out of dvc.yaml, with a star where a name goes."""
    return re.sub(r"\$\{.*?\}", "*", entry if isinstance(entry, str) else next(iter(entry)))


def test_a_new_module_that_was_not_added_is_named(clone: Path) -> None:
    (clone / "digits" / "common" / "new.py").write_text("")
    (clone / "notes.txt").write_text("no part of the pipeline")
    assert check(clone)[1] == "pushed: not committed: digits/common/new.py; `git add` and `git commit`"


def test_what_was_not_pushed_is_named(clone: Path) -> None:
    remote = clone.parent / "digits-remote"
    shutil.rmtree(remote)
    (line,) = check(clone)
    assert re.fullmatch(
        rf"pushed: {remote} lacks data/raw/tiny.parquet, .*, and \d+ more; `dvc push` where they w.*", line
    )
    assert check(clone, "--lock-only", status=0) == ["dvc.lock is complete"]


@pytest.mark.fault
def test_a_file_whose_content_is_another_is_named_when_it_is_read(clone: Path) -> None:
    model = recorded(clone, "train@five-sgd", "models/five-sgd.joblib")
    path = clone.parent / "digits-remote" / "files" / "md5" / model[:2] / model[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    assert check(clone, status=0) == [WELL]
    told = f"pushed: models/five-sgd.joblib is broken in the remote; delete {path}, then `dvc push` where it was made"
    assert check(clone, "--content") == [told]


def test_one_file_of_a_folder_that_went_missing_is_named_and_can_be_pushed_again(clone: Path, origin: Path) -> None:
    remote = clone.parent / "digits-remote"
    content = hashlib.md5((origin / folder.PATH / "a").read_bytes()).hexdigest()
    (remote / "files" / "md5" / content[:2] / content[2:]).unlink()
    (line,) = check(clone)
    assert line.startswith(f"pushed: {remote} lacks {folder.PATH}/a, and `dvc push` does not see it; delete ")
    tiny.run(["dvc", "remote", "modify", "--local", "shared", "url", str(remote)], origin)
    assert "up to date" in tiny.run(["dvc", "push"], origin).stdout
    Path(re.findall("delete (.*), then", line)[0]).unlink()
    tiny.run(["dvc", "push"], origin)
    assert check(clone, status=0) == [WELL]


@pytest.mark.fault
def test_a_changed_listing_of_a_folder_is_named(clone: Path) -> None:
    md5 = recorded(clone, folder.NAME, folder.PATH)
    listing = clone.parent / "digits-remote" / "files" / "md5" / md5[:2] / md5[2:]
    entries = json.loads(listing.read_bytes())
    entries[0]["md5"], entries[1]["md5"] = entries[1]["md5"], entries[0]["md5"]
    listing.chmod(0o644)
    listing.write_text(json.dumps(entries))  # which DVC does not compare with its digest
    told = f"pushed: {folder.PATH} is broken in the remote; delete {listing}, then `dvc push` where it was made"
    assert check(clone) == [told]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["url", "ssh://127.0.0.1:9/digits"], "Connect call failed"),
        (["url", "s3://digits/cache", "endpointurl", "http://127.0.0.1:9"], "Could not connect"),
    ],
    ids=["ssh", "s3"],
)
def test_a_remote_that_cannot_be_asked_does_not_count_as_pushed(clone: Path, settings: list[str], reason: str) -> None:
    for name, value in zip(settings[::2], settings[1::2], strict=True):
        tiny.run(["dvc", "remote", "modify", "--local", "shared", name, value], clone)
    access = ["AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_MAX_ATTEMPTS=1"]
    (line,) = tiny.run(["env", *access, "python", "-m", "tools.pushed"], clone, status=1).stderr.splitlines()
    assert line.startswith("pushed: error: the remote cannot be asked: ")
    assert reason in line


def test_a_broken_parameters_file_is_one_line(clone: Path) -> None:
    (clone / "params.yaml").write_text("seed: [")
    (line,) = check(clone)
    assert line.startswith("pushed: error: unable to read: 'params.yaml'")
