"""`digits repro` in this project: several stages at a time, with the bytes of `dvc repro`.

What it does in any project is tested in packages/dvc-parallel/tests.
"""

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml
from click.testing import Result

from tests.helpers import tiny
from tests.helpers.calls import VALID, call, failure
from tests.helpers.processes import Running

SCRIPTS = str(Path(sys.executable).parent)
DIGITS = f"{SCRIPTS}/digits"
MODEL = "models.five-sgd"
OF_FIVE = [stage for stage in tiny.STAGES if stage.endswith("@five-sgd")]

# A set of features whose fit tells by the file `fitting` that it runs, and does not end.
WAITING = """
import time
from pathlib import Path

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline


class Waiting(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        Path("fitting").touch()
        time.sleep(1000)

    def transform(self, X):
        return X


def make_features(shape, pixel_max):
    return Pipeline([("waiting", Waiting())])
"""


@pytest.fixture
def untrained(project: Path) -> Path:
    """Return the tiny project without one task, and without the outputs of its models."""
    for path in [".dvc/cache/runs", "data/task/five", "models", "metrics", "plots"]:
        shutil.rmtree(project / path)
    tiny.run("git checkout models", project)
    content = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))
    for stage in tiny.STAGES[tiny.STAGES.index("binarize@five") :]:
        del content["stages"][stage]
    (project / "dvc.lock").write_text(yaml.safe_dump(content, sort_keys=False))
    return project


def wait_for_fit(project: Path, running: Running) -> None:
    """Wait until a model is fitted whose features wait."""
    sign = project / "fitting"
    while not sign.exists():
        assert running.poll() is None, running.stdout and running.stdout.read()
        time.sleep(0.05)
    sign.unlink()


def kill(running: Running, model: str) -> None:
    """Kill the process that trains a model, as a system without memory does."""
    for process in psutil.Process(running.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.cmdline()[-2:] == ["stages.train", model]:
                process.kill()


def repro(project: Path, *words: str, status: int = 0) -> Result:
    """Call `digits repro` in the process of the test."""
    with tiny.ignore_warnings_of_dvc():
        return call(project, "repro", *words, status=status)


def path_without_activation() -> str:
    """Return the PATH of a shell in which the environment is not activated."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder != SCRIPTS)


def test_an_archive_of_the_project_says_how_to_make_it_a_repository(project: Path) -> None:
    shutil.rmtree(project / ".git")
    line = failure(project, "repro")
    assert line.endswith("which DVC needs; run `git init`, then `digits setup`")
    assert call(project, "check").output == VALID


@pytest.mark.slow
def test_several_at_a_time_write_the_same_bytes_and_those_that_fail_end_only_themselves(
    made: Path, untrained: Path
) -> None:
    module = untrained / "digits/features/waiting.py"
    module.write_text(WAITING)
    clash = tiny.model("five", "raw", tiny.LOGISTIC, 0, solver="lbfgs", l1_ratio=1.0)
    large = tiny.model("five", "waiting", tiny.SGD, 0)
    tiny.edit(untrained, {"models.clash": clash, "models.large": large})
    variables = {"PATH": path_without_activation(), "PYTHONPATH": str(untrained)}
    with Running(f"{DIGITS} repro --jobs 2", untrained, **variables) as running:
        wait_for_fit(untrained, running)
        kill(running, "large")
        assert running.stdout
        lines = running.stdout.read().splitlines()
        assert running.wait() == 1
    errors = "\n".join(sorted(lines[-3:-1]))
    assert errors.startswith("train@clash: the model cannot be fitted: Solver lbfgs supports")
    assert "\ntrain@large: ended " in errors
    assert lines[-1].startswith(
        "Error: 2 of 9 stages failed, and 2 that depend on them did not"
    )

    module.unlink()
    tiny.edit(untrained, {})
    # After a failure, the order of the entries may be another one.
    expected, found = tiny.files(made), tiny.files(untrained)
    lock = yaml.safe_load(expected.pop("dvc.lock"))
    assert yaml.safe_load(found.pop("dvc.lock")) == lock
    assert found == expected
    output = repro(untrained).stdout
    assert output == "Nothing to do: all stages are up to date.\n"


def test_only_the_models_that_match_are_run_and_a_warning_follows(project: Path) -> None:
    (project / "data/own").mkdir()
    (project / "data/own/1.png").touch()
    changes = {
        "datasets.other": tiny.dataset({"idx": "idx"}, {"files": "data/own"}),
        f"{MODEL}.hyperparameters.max_iter": 5,
        "models.digit-logreg.folds": 2,
    }
    tiny.edit(project, changes)
    result = repro(project, "--dry", "five-*")
    assert result.stdout.split() == OF_FIVE
    assert result.stderr.startswith("data/own is in neither Git nor DVC")
    [line] = repro(project, "five-sdg", status=1).stderr.splitlines()
    assert "'five-sdg' not found" in line


def test_a_mistake_in_params_yaml_is_found_before_any_work(project: Path) -> None:
    tiny.edit(project, {"splits.tiny.test": 99, f"{MODEL}.hyperparameters": {"los": "hinge"}})
    result = repro(project, status=1)
    assert "there is no 'los'" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("other_images", [False, True])
def test_results_of_another_processor_are_named(project: Path, other_images: bool) -> None:
    paths = [project / "dvc.lock", project / "metrics/five-sgd.json"]
    lock, metrics = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths)
    train = lock["stages"]["train@five-sgd"]
    train["outs"][1]["md5"] = "0" * 32  # the model
    if other_images:
        train["deps"][0]["md5"] = "1" * 32
    metrics["accuracy"] -= 0.25
    for path, content in zip(paths, [lock, metrics], strict=True):
        path.write_text(yaml.safe_dump(content))
    tiny.commit(project, "other results")
    tiny.run("git checkout HEAD~1 dvc.lock metrics", project)
    message = repro(project).stderr
    assert message.startswith("five-sgd: not the committed results") != other_images
    assert ("differ by 0.250000 at most; `git checkout" in message) != other_images


# A stage of one's own between two others. Its output is an input of `train`.
OWN = """
  own:
    cmd: python -c 'import sys; print(sys.executable)' > own.txt
    deps: [data/task/five/train.parquet]
    outs: [own.txt]
"""


@pytest.mark.variant
def test_a_stage_of_ones_own_runs_with_the_python_of_this_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = project / "dvc.yaml"
    text = pipeline.read_text(encoding="utf-8").replace("\nstages:\n", f"\nstages:{OWN}")
    module = "        - stages/train.py\n"
    assert module in text
    text = text.replace(module, f"{module}        - own.txt\n")
    pipeline.write_text(text, encoding="utf-8")
    planned = repro(project, "--dry", "five-sgd").stdout.split()
    assert planned == ["own", *OF_FIVE]

    monkeypatch.setenv("PATH", path_without_activation())
    repro(project, "own")
    assert (project / "own.txt").read_text() == f"{sys.executable}\n"


def test_without_the_package_the_error_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(sys.modules):
        if name.startswith(("dvc_parallel", "digits.commands.repro")):
            monkeypatch.delitem(sys.modules, name)
    others = [folder for folder in sys.path if not folder.endswith("packages/dvc-parallel")]
    monkeypatch.setattr(sys, "path", others)
    assert "\n  repro " in call(Path(), "--help").stdout
    assert "run `python -m pip install ./packages/dvc-parallel`" in failure(Path(), "repro")
