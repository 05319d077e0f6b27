"""Each stage's command as `dvc.yaml` gives it, run in a folder that holds its declared inputs and no more."""

import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from digits.io import paths, tables
from digits.io.parquet import read, read_pixels
from digits.io.tables import PREDICTIONS
from digits.learning import persistence
from tests import aftermath, tiny

import numpy as np
import pytest

IMPORT_FEATURES = """
from digits.learning import persistence, registry
for name in registry.feature_names():
    registry.features(name)
"""


def with_inputs(project: Path, stage: dict[str, Any], folder: Path) -> Path:
    """Copy the declared deps of a stage, and write its declared parameters alone."""
    for path in ["stages/__init__.py", *(dep["path"] for dep in stage["deps"])]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if (project / path).is_dir():
            shutil.copytree(project / path, folder / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(project / path, folder / path)
    values: dict[str, Any] = {}
    for dotted, value in stage.get("params", {}).get("params.yaml", {}).items():
        *parents, last = dotted.split(".")
        block = values
        for key in parents:
            block = block.setdefault(key, {})
        block[last] = value
    *_, kind, name = stage["cmd"].split()
    if kind in ("stages.binarize", "stages.train", "stages.evaluate"):  # the path of a dep declares their split
        split = next(Path(dep["path"]).parts[2] for dep in stage["deps"] if dep["path"].startswith("data/split/"))
        values.setdefault("experiments", {}).setdefault(name, {})["split"] = split
    # An experiment is validated as a whole: what a stage does not declare has to be there, but it must not use it.
    for experiment in values.get("experiments", {}).values():
        undeclared = tiny.experiment("undeclared", "undeclared", "undeclared", "undeclared", 0)
        experiment.update(undeclared | experiment)
    tiny.write_params(folder, values)
    return folder


@pytest.mark.parametrize("name", aftermath.STAGES)
def test_a_stage_reads_what_is_declared_and_writes_what_is_declared(made: Path, tmp_path: Path, name: str) -> None:
    stage = tiny.lock(made)[name]
    folder = with_inputs(made, stage, tmp_path)
    if name.startswith("fetch"):  # what each kind gives is pinned, so they are no deps
        tiny.write_idx_files(folder / "idx")
        shutil.copytree(made / "digits/sources", folder / "digits/sources", dirs_exist_ok=True)
    before = set(tiny.files(folder))
    assert stage["cmd"] == f"python -m stages.{name.replace('@', ' ')}"
    tiny.run(stage["cmd"], folder)
    outs = {out["path"] for out in stage["outs"]}
    written, expected = tiny.files(folder), tiny.files(made)
    assert set(written) - before == outs
    assert {path: written[path] for path in outs} == {path: expected[path] for path in outs}


@pytest.mark.parametrize("name", aftermath.slow_except(["evaluate@five-sgd"], aftermath.STAGES[1:]))
def test_a_stage_without_an_input_says_so_and_writes_nothing(made: Path, tmp_path: Path, name: str) -> None:
    stage = tiny.lock(made)[name]
    folder = with_inputs(made, stage, tmp_path)
    path = max(dep["path"] for dep in stage["deps"] if dep["path"].startswith(("data/", "models/")))
    (folder / path).unlink()
    before = tiny.files(folder)
    command = f"dvc repro {name.replace('evaluate', 'train')}" if path.startswith("models/") else "dvc repro"
    line = f"{path} is not here; `{command}` makes it, `dvc pull` fetches it"
    assert tiny.failure(stage["cmd"], folder) == f"{name.partition('@')[0]}: error: {line}"
    assert tiny.files(folder) == before


def test_any_features_need_no_more_than_training_declares(made: Path, tmp_path: Path) -> None:
    folder = with_inputs(made, tiny.lock(made)["train@five-sgd"], tmp_path)
    shutil.copytree(made / "digits/features", folder / "digits/features", dirs_exist_ok=True)
    tiny.run([sys.executable, "-c", IMPORT_FEATURES], folder)


def test_a_stage_is_a_plain_script_too_and_gives_the_same_bytes(made: Path, project: Path) -> None:
    for path in aftermath.outputs(made, "train@five-sgd"):
        (project / path).unlink()
    tiny.run("python stages/train.py five-sgd", project)
    assert tiny.files(project) == tiny.files(made)
    assert "example: python stages/train.py two-logreg" in tiny.run("python stages/train.py --help", project).stdout


@pytest.mark.slow
def test_copies_rerun_their_experiment_and_one_core_makes_the_same_ones(made: Path, project: Path) -> None:
    tiny.edit(project, {"experiments.five-sgd.hyperparameters.copies": 4})
    assert tiny.repro(project) == ["evaluate@five-sgd", "train@five-sgd"]
    after = tiny.files(project)
    changed = {name for name in after if after[name] != tiny.files(made)[name]}
    assert {"models/five-sgd.skops", "data/crossval/five-sgd.parquet"} <= changed
    tiny.run("python -m stages.train five-sgd", project, one_core=True)
    assert tiny.files(project) == after


def test_a_wrong_parameter_ends_a_stage_with_status_2_and_one_line(project: Path) -> None:
    tiny.edit(project, {"experiments.five-sgd.hyperparameters": {"los": "hinge"}})
    before = tiny.files(project)
    line = tiny.failure("python -m stages.train five-sgd", project, 2)
    assert line.startswith(f"train: error: hyperparameters of {tiny.SGD}: there is no 'los'. Did you mean 'loss'?")
    assert tiny.files(project) == before


def test_a_stage_under_other_versions_than_are_pinned_ends_in_one_line(project: Path) -> None:
    text = (project / "environment.txt").read_text(encoding="utf-8")
    assert len(re.findall(r"^[\w-]+==[\d.]+$", text, re.MULTILINE)) == 7
    text = re.sub("scikit-learn==.*", "scikit-learn==0.1", text)
    (project / "environment.txt").write_text(f"{text}abacus==1.0\n", encoding="utf-8")
    before, installed = tiny.files(project), metadata.version("scikit-learn")
    pins = f"scikit-learn 0.1 ({installed} is installed), abacus 1.0 (none is installed)"
    for stage in ("split tiny", "train five-sgd"):
        line = tiny.failure(f"python -m stages.{stage}", project)
        assert (
            line
            == f"{stage.split()[0]}: error: environment.txt pins {pins}; `make -B venv && source .venv/bin/activate`"
        )
    assert tiny.files(project) == before


def test_long_work_shows_its_progress_on_a_terminal_and_only_there(project: Path) -> None:
    command = "python -m stages.train five-sgd"
    assert tiny.run(command, project).stderr == ""
    assert "fits:" in tiny.in_terminal(command, project)


@pytest.mark.slow
def test_stages_run_by_hand_go_by_the_threshold_that_the_model_keeps(project: Path) -> None:
    """No DVC command between them: the lock still has the old model."""
    before = tiny.files(project)
    tiny.edit(project, {"experiments.five-sgd.hyperparameters": {"alpha": 0.01, "threshold": 1.0}})
    for stage in ("train", "evaluate"):
        tiny.run(f"python -m stages.{stage} five-sgd", project)
    changed = {name for name, content in tiny.files(project).items() if content != before[name]}
    assert {"models/five-sgd.skops", "metrics/five-sgd.json", "data/predictions/five-sgd.parquet"} < changed
    assert "dvc.lock" not in changed

    assert "train,threshold,all,1.0" in (project / paths.plots("five-sgd") / "figures.csv").read_text()
    model = persistence.load(project / paths.model("five-sgd"))
    predictions = read(project / paths.predictions("five-sgd"), PREDICTIONS)
    y_pred = model.predict(read_pixels(project / paths.split("tiny", "test")))
    assert np.array_equal(y_pred, tables.column(predictions, "prediction"))
    assert not np.array_equal(y_pred, tables.scores(predictions) > 0)
