"""Each stage's command as `dvc.yaml` gives it, run in a folder that holds its declared inputs and no more."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import tiny

import pytest

STAGES = ["fetch@tiny", "split@tiny", "split@tiny-random"]
STAGES += [f"{kind}@{name}" for kind in ("binarize", "train", "evaluate") for name in ("five-sgd", "digit-logreg")]
IMPORT_ALL = """
from importlib import import_module
from digits.learning import registry
for kind in ("classifiers", "features"):
    for name in registry.names(kind):
        import_module(f"digits.{kind}.{name}")
"""


def with_inputs(project: Path, stage: dict[str, Any], folder: Path) -> Path:
    """Copy the declared deps of a stage and the package's `__init__`, and write its declared parameters alone."""
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
    # An experiment is validated as a whole: what a stage does not declare has to be there, but it must not use it.
    for experiment in values.get("experiments", {}).values():
        undeclared = tiny.experiment("undeclared", "undeclared", "undeclared", "undeclared", 0)
        experiment.update(undeclared | experiment)
    tiny.write_params(folder, values)
    return folder


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_reads_what_is_declared_and_writes_what_is_declared(made: Path, tmp_path: Path, name: str) -> None:
    stage = tiny.lock(made)[name]
    folder = with_inputs(made, stage, tmp_path)
    if name.startswith("fetch"):  # its source, which is no file of the project, and the module that reads it
        tiny.write_idx_files(folder / "idx")
        for module in ("digits/sources/idx.py", "digits/download.py"):
            shutil.copy(made / module, folder / module)
    before = set(tiny.files(folder))
    assert stage["cmd"] == f"python -m stages.{name.replace('@', ' ')}"
    tiny.run(stage["cmd"], folder)
    outs = {out["path"] for out in stage["outs"]}
    written, expected = tiny.files(folder), tiny.files(made)
    assert set(written) - before == outs
    assert {path: written[path] for path in outs} == {path: expected[path] for path in outs}


@pytest.mark.parametrize("name", ["split@tiny", "binarize@five-sgd", "train@five-sgd", "evaluate@five-sgd"])
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


def test_any_classifier_and_features_need_no_more_than_training_declares(made: Path, tmp_path: Path) -> None:
    folder = with_inputs(made, tiny.lock(made)["train@five-sgd"], tmp_path)
    for kind in ("classifiers", "features"):
        shutil.copytree(made / "digits" / kind, folder / "digits" / kind, dirs_exist_ok=True)
    tiny.run(["python", "-c", IMPORT_ALL], folder)


@pytest.mark.parametrize("package", [name for name in ("stages", "tools", "bench") if (tiny.ROOT / name).exists()])
def test_numpy_is_loaded_after_its_environment_is_set(package: str) -> None:
    program = f"""
import os, sys
class Watch:
    def find_spec(self, name, path, target=None):
        if name == "numpy": print(os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Watch())
import {package}, numpy
"""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS")}
    done = subprocess.run([sys.executable, "-c", program], cwd=tiny.ROOT, env=environment, capture_output=True)
    assert (done.stdout, done.stderr) == (b"1\n", b"")


def test_help_shows_an_example() -> None:
    assert "example: python -m stages.train" in tiny.run("python -m stages.train --help", tiny.ROOT).stdout


def test_a_wrong_parameter_ends_a_stage_with_status_2_and_one_line(project: Path) -> None:
    tiny.edit(project, {"experiments.five-sgd.hyperparameters": {"los": "hinge"}})
    before = tiny.files(project)
    line = tiny.failure("python -m stages.train five-sgd", project, 2)
    assert line.startswith(
        "train: error: hyperparameters of sgd: there is no 'los'. Did you mean 'loss'? Valid: alpha, "
    )
    assert tiny.files(project) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_long_work_shows_its_progress_on_a_terminal_and_only_there(project: Path) -> None:
    import pty
    import termios

    command = ["python", "-m", "stages.train", "five-sgd"]
    assert tiny.run(command, project).stderr == ""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    subprocess.run(command, cwd=project, stderr=theirs, check=True)
    assert b"fits:" in os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)


def test_stages_run_by_hand_one_after_another(project: Path) -> None:
    """No DVC command between them: the lock still has the old model."""
    before = tiny.files(project)
    tiny.edit(project, {"experiments.five-sgd.hyperparameters.alpha": 0.01})
    for stage in ("train", "evaluate"):
        tiny.run(f"python -m stages.{stage} five-sgd", project)
    changed = {name for name, content in tiny.files(project).items() if content != before[name]}
    assert {"models/five-sgd.joblib", "metrics/five-sgd.json", "data/predictions/five-sgd.parquet"} < changed
    assert "dvc.lock" not in changed
