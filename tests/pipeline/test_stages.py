"""Each stage's command as `dvc.yaml` gives it, run in a folder that holds its declared inputs and no more."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tiny

STAGES = [
    "fetch@tiny",
    "split@tiny",
    "split@tiny-random",
    "binarize@tiny",
    "train@five-sgd",
    "train@digit-logreg",
    "evaluate@five-sgd",
    "evaluate@digit-logreg",
    "report",
]


def declared(project: Path, stage: str) -> dict[str, Any]:
    """Return a stage as DVC has resolved it: command, deps, params, outs."""
    lock = yaml.safe_load((project / "dvc.lock").read_text())
    assert isinstance(lock["stages"][stage], dict)
    return dict(lock["stages"][stage])


def with_inputs(project: Path, stage: dict[str, Any], folder: Path) -> Path:
    """Copy the declared deps of a stage, and write a params.yaml of its declared parameters alone."""
    for dep in stage["deps"]:
        source, target = project / dep["path"], folder / dep["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    values: dict[str, Any] = {}
    for dotted, value in stage.get("params", {}).get("params.yaml", {}).items():
        *parents, last = dotted.split(".")
        block = values
        for key in parents:
            block = block.setdefault(key, {})
        block[last] = value
    # A train stage's model of its block wants these three to be there; it must not use them.
    for experiment in values.get("experiments", {}).values():
        for key in ("description", "split", "task"):
            experiment.setdefault(key, "undeclared")
    tiny.write_params(folder, values)
    return folder


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_reads_what_is_declared_and_writes_what_is_declared(made: Path, tmp_path: Path, name: str) -> None:
    stage = declared(made, name)
    folder = with_inputs(made, stage, tmp_path)
    if name.startswith("fetch"):
        tiny.write_idx_files(folder / "idx")  # its source, which is no file of the project
    if name.startswith("evaluate"):
        shutil.copy(made / "dvc.lock", folder)  # where DVC has recorded the model: without, none is loaded
    before = set(tiny.files(folder))
    tiny.run(stage["cmd"].split(), folder)
    outs = {out["path"] for out in stage["outs"]}
    expected = {path for path in tiny.files(made) if any(path == out or path.startswith(f"{out}/") for out in outs)}
    assert set(tiny.files(folder)) - before == expected
    assert {path: tiny.files(folder)[path] for path in expected} == {path: tiny.files(made)[path] for path in expected}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_without_an_input_says_so_and_writes_nothing(made: Path, tmp_path: Path, name: str) -> None:
    stage = declared(made, name)
    folder = with_inputs(made, stage, tmp_path)
    inputs = [dep["path"] for dep in stage["deps"] if dep["path"].startswith(("data/", "models/"))]
    for path in inputs[:1]:
        shutil.rmtree(folder / path) if (folder / path).is_dir() else (folder / path).unlink()
    before = tiny.files(folder)
    done = tiny.run(stage["cmd"].split(), folder, status=1)
    assert len(done.stderr.splitlines()) <= 2
    assert "error: " in done.stderr
    assert tiny.files(folder) == before


@pytest.mark.parametrize("script", sorted(path.stem for path in (tiny.ROOT / "stages").glob("[a-z]*.py")))
def test_help_shows_an_example(script: str) -> None:
    done = tiny.run(["python", "-m", f"stages.{script}", "--help"], tiny.ROOT)
    assert f"example: python -m stages.{script}" in done.stdout


def test_a_wrong_parameter_ends_a_stage_with_status_2_and_one_line(project: Path) -> None:
    values = tiny.params()
    values["experiments"]["five-sgd"]["hyperparameters"] = {"los": "hinge"}
    tiny.write_params(project, values)
    before = tiny.files(project)
    command = declared(project, "train@five-sgd")["cmd"].split()
    done = tiny.run(command, project, status=2)
    assert done.stderr.splitlines() == [
        "train: error: hyperparameters of sgd: there is no 'los'. Did you mean 'loss'? Valid: alpha, average, "
        "class_weight, early_stopping, epsilon, eta0, fit_intercept, l1_ratio, learning_rate, loss, max_iter, "
        "n_iter_no_change, penalty, power_t, shuffle, tol, validation_fraction"
    ]
    assert tiny.files(project) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_long_work_shows_its_progress_on_a_terminal_and_only_there(project: Path) -> None:
    import pty
    import termios

    command = declared(project, "train@five-sgd")["cmd"].split()
    assert tiny.run(command, project).stderr == ""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    subprocess.run([sys.executable, *command[1:]], cwd=project, stderr=theirs, check=True)
    assert b"fits:" in os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)


def test_every_module_that_a_stage_imports_is_declared() -> None:
    """The stages above run without what is not declared; this holds for the project's own dvc.yaml as for the tiny."""
    stages = yaml.safe_load((tiny.ROOT / "dvc.yaml").read_text())["stages"]
    for name, stage in stages.items():
        block = stage.get("do", stage)
        assert block["deps"][0] in {f"stages/{name}.py", f"tools/{name}"}, name
        assert block["cmd"].startswith(f"python -m {block['deps'][0].removesuffix('.py').replace('/', '.')} "), name
        assert block["desc"], name
