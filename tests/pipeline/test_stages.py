"""Each stage's command as `dvc.yaml` gives it, run in a folder that holds its declared inputs and no more."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from digits.common import parameters, paths
from digits.common.parameters import Experiment, Split
from digits.learning import registry
from tests import tiny

KINDS = {"fetch": ["tiny"], "split": ["tiny", "tiny-random"]}
KINDS |= {kind: ["five-sgd", "digit-logreg"] for kind in ("binarize", "train", "evaluate")}
STAGES = [f"{kind}@{name}" for kind, names in KINDS.items() for name in names]


def declared(project: Path, stage: str) -> dict[str, Any]:
    """Return a stage as DVC has resolved it: command, deps, params, outs."""
    lock = yaml.safe_load((project / "dvc.lock").read_text())
    assert isinstance(lock["stages"][stage], dict)
    return dict(lock["stages"][stage])


def with_inputs(project: Path, stage: dict[str, Any], folder: Path) -> Path:
    """Copy the declared deps of a stage and the package's `__init__`, and write its declared parameters alone."""
    for path in ["stages/__init__.py", *(dep["path"] for dep in stage["deps"])]:
        source, target = project / path, folder / path
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
    # An experiment is validated as a whole: what a stage does not declare has to be there, but it must not use it.
    for experiment in values.get("experiments", {}).values():
        undeclared = tiny.experiment("undeclared", "undeclared", "undeclared", "undeclared", 0)
        experiment.update(undeclared | experiment)
    tiny.write_params(folder, values)
    return folder


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_reads_what_is_declared_and_writes_what_is_declared(made: Path, tmp_path: Path, name: str) -> None:
    stage = declared(made, name)
    folder = with_inputs(made, stage, tmp_path)
    if name.startswith("fetch"):  # its source, which is no file of the project, and the module that reads it
        tiny.write_idx_files(folder / "idx")
        for module in ("digits/sources/idx.py", "digits/download.py"):
            shutil.copy(made / module, folder / module)
    before = set(tiny.files(folder))
    tiny.run(stage["cmd"].split(), folder)
    outs = {out["path"] for out in stage["outs"]}
    written, expected = tiny.files(folder), tiny.files(made)
    assert set(written) - before == outs
    assert {path: written[path] for path in outs} == {path: expected[path] for path in outs}


@pytest.mark.parametrize("name", ["split@tiny", "binarize@five-sgd", "train@five-sgd", "evaluate@five-sgd"])
def test_a_stage_without_an_input_says_so_and_writes_nothing(made: Path, tmp_path: Path, name: str) -> None:
    stage = declared(made, name)
    folder = with_inputs(made, stage, tmp_path)
    path = max(dep["path"] for dep in stage["deps"] if dep["path"].startswith(("data/", "models/")))
    (folder / path).unlink()
    before = tiny.files(folder)
    done = tiny.run(stage["cmd"].split(), folder, status=1)
    command = f"dvc repro {name.replace('evaluate', 'train')}" if path.startswith("models/") else "dvc repro"
    line = f"{path} is not here; `{command}` makes it, `dvc pull` fetches it"
    assert done.stderr == f"{name.partition('@')[0]}: error: {line}\n"
    assert tiny.files(folder) == before


def test_paths_are_what_the_pipeline_declares(made: Path) -> None:
    """The catalogue of paths and `dvc.yaml` say the same of every kind of stage."""
    params = parameters.load(made / "params.yaml")
    parts = ("train", "test")
    plots = ("figures", "confusion", "precision_recall", "reliability", "roc")
    files: dict[str, tuple[list[Path], list[Path]]] = {
        f"fetch@{name}": ([], [paths.raw(name)]) for name in params.names(parameters.Dataset)
    }
    for name, split in params.blocks(Split).items():
        files[f"split@{name}"] = [paths.raw(split.dataset)], [paths.split(name, part) for part in parts]
    for name, block in params.blocks(Experiment).items():
        train, test = (paths.split(block.split, part) for part in parts)
        train_labels, test_labels = (paths.labels(name, part) for part in parts)
        out_of_fold, model = paths.out_of_fold(name), paths.model(name)
        measured = [paths.metrics(name), *(paths.plots(name) / f"{plot}.csv" for plot in plots)]
        files[f"binarize@{name}"] = [train, test], [train_labels, test_labels]
        files[f"train@{name}"] = [train, train_labels], [model, out_of_fold]
        files[f"evaluate@{name}"] = [model, test, test_labels, out_of_fold], [paths.predictions(name), *measured]
    assert sorted(files) == sorted(STAGES)
    for stage, (deps, outs) in files.items():
        found = declared(made, stage)
        assert found["cmd"] == f"python -m stages.{stage.replace('@', ' ')}"
        inputs = [dep["path"] for dep in found["deps"] if dep["path"].startswith(("data/", "models/"))]
        assert sorted(inputs) == sorted(path.as_posix() for path in deps), stage
        assert sorted(out["path"] for out in found["outs"]) == sorted(path.as_posix() for path in outs), stage


def imported(path: Path) -> Iterator[Path]:
    """Yield the modules of ours that a module imports, each package's `__init__` on the way among them."""
    for node in ast.walk(ast.parse((tiny.ROOT / path).read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path} has a relative import"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                module = Path(*parts[:end])
                for found in (module.with_suffix(".py"), module / "__init__.py"):
                    if parts[0] in {"digits", "stages"} and (tiny.ROOT / found).exists():
                        yield found


def needed(*modules: Path) -> set[Path]:
    """Return modules and all that they import, but for packages that hold nothing but a docstring."""
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        if (module := waiting.pop()) not in found:
            found.add(module)
            waiting += imported(module)
    return {path for path in found if len(ast.parse((tiny.ROOT / path).read_text()).body) > 1}


def test_every_module_that_a_stage_imports_is_among_its_deps() -> None:
    stages = yaml.safe_load((tiny.ROOT / "dvc.yaml").read_text())["stages"]
    assert set(stages) == {path.stem for path in (tiny.ROOT / "stages").glob("[a-z]*.py")}
    init = Path("stages/__init__.py")
    assert all(path.is_relative_to("digits/common") for path in needed(init) - {init})  # of which each stage has all
    by_name = {
        "features": "digits/features/${item.features}.py",
        "classifiers": "digits/classifiers/${item.classifier}.py",
    }
    for name, stage in stages.items():
        deps = stage["do"]["deps"]
        modules = needed(Path(f"stages/{name}.py"))
        if name == "train":
            assert set(by_name.values()) < set(deps)
            own = {Path("digits", kind, f"{module}.py") for kind in by_name for module in registry.names(kind)}
            modules |= needed(*own) - own
        assert "digits/common" in deps
        assert [path for path in modules - {init} if not any(path.is_relative_to(dep) for dep in deps)] == [], name


@pytest.mark.parametrize("package", ["stages", "tools", "bench"])
def test_numpy_is_loaded_after_its_environment_is_set(package: str) -> None:
    program = (
        "import os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'numpy': print(os.environ.get('OPENBLAS_NUM_THREADS'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        f"import {package}, numpy\n"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS")}
    done = subprocess.run([sys.executable, "-c", program], cwd=tiny.ROOT, env=environment, capture_output=True)
    assert (done.stdout, done.stderr) == (b"1\n", b"")


@pytest.mark.parametrize("script", KINDS)
def test_help_shows_an_example(script: str) -> None:
    done = tiny.run(["python", "-m", f"stages.{script}", "--help"], tiny.ROOT)
    assert f"example: python -m stages.{script}" in done.stdout


def test_a_wrong_parameter_ends_a_stage_with_status_2_and_one_line(project: Path) -> None:
    values = tiny.params()
    values["experiments"]["five-sgd"]["hyperparameters"] = {"los": "hinge"}
    tiny.write_params(project, values)
    before = tiny.files(project)
    done = tiny.run(["python", "-m", "stages.train", "five-sgd"], project, status=2)
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

    command = ["python", "-m", "stages.train", "five-sgd"]
    assert tiny.run(command, project).stderr == ""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    subprocess.run([sys.executable, *command[1:]], cwd=project, stderr=theirs, check=True)
    assert b"fits:" in os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)


def test_stages_run_by_hand_one_after_another(project: Path) -> None:
    """No DVC command between them: the lock still has the old model."""
    before = tiny.files(project)
    values = tiny.params()
    values["experiments"]["five-sgd"]["hyperparameters"]["alpha"] = 0.01
    tiny.write_params(project, values)
    tiny.run(["python", "-m", "stages.train", "five-sgd"], project)
    tiny.run(["python", "-m", "stages.evaluate", "five-sgd"], project)
    after = tiny.files(project)
    changed = {name for name in after if after[name] != before[name]}
    assert {"models/five-sgd.joblib", "metrics/five-sgd.json", "data/predictions/five-sgd.parquet"} < changed
    assert "dvc.lock" not in changed
