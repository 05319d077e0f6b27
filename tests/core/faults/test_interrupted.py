"""Ctrl-C, which a terminal sends to every process that runs in it."""

import signal
from itertools import product
from pathlib import Path
from typing import Any

from tests import aftermath, processes, tiny

import pytest

pytestmark = pytest.mark.fault

FOREVER: dict[str, dict[str, Any]] = {
    tiny.SGD: {"max_iter": 10**8, "tol": None},
    "ensemble.ExtraTreesClassifier": {"n_estimators": 10**6},
    tiny.LOGISTIC: {"solver": "saga", "max_iter": 10**8, "tol": 1e-300},
    "neural_network.MLPClassifier": {"max_iter": 10**8, "n_iter_no_change": 10**8},
    "partial_fit_mlp": {"max_iter": 10**8, "hidden_layer_sizes": [2048, 2048]},
    "svm.SVC": {"C": 1e300, "tol": 1e-300, "kernel": "linear"},
}
QUICK = [(tiny.SGD, 3)]
SECONDS = 3  # of processor time: the imports are done and the script trains


@pytest.mark.parametrize("case", aftermath.slow_except(QUICK, product(FOREVER, (0, 3))), ids=str)
def test_ctrl_c_ends_an_endless_training_and_all_its_threads(made: Path, project: Path, case: tuple[str, int]) -> None:
    classifier, folds = case
    block = tiny.experiment("tiny", "five", "normalized", classifier, folds, **FOREVER[classifier])
    tiny.edit(project, {"experiments.five-sgd": block})
    with processes.started("dvc repro train@five-sgd", project) as running:
        running.wait_for_line("Running stage")
        script = running.script()
        processes.until(lambda: script.cpu_times().user > SECONDS)
        running.send(signal.SIGINT)
        assert running.end() == 255
        assert running.left() == []
    lines = [line for line in running.output.splitlines() if line.startswith(("train: ", "ERROR: ", "Traceback"))]
    assert lines[0] == "train: error: interrupted"
    assert lines[1].startswith("ERROR: failed to reproduce 'train@five-sgd'")
    # A shell that waits for the script, as dash does, dies of the same Ctrl-C, and DVC reports the shell's end.
    assert lines[1].endswith(("exited with 130", f"exited with {-signal.SIGINT}"))
    assert len(lines) == 2
    assert not any((project / path).exists() for path in aftermath.outputs(made, "train@five-sgd"))
    tiny.edit(project, {})
    aftermath.all_is_well(project, made)
