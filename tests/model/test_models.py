"""What a trained model must be: better than the dummy, the same again, and indifferent to what does not matter."""

import ast
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from digits.learning import models
from digits.learning.training import train
from tests import tiny

PIXELS, CLASSES = tiny.digits()
BETTER = ["extra_trees", "k_neighbors", "logistic_regression", "mlp", "sgd", "svc"]


@pytest.mark.parametrize("name", BETTER)
def test_every_classifier_beats_the_dummy_on_digits_it_has_not_seen(name: str) -> None:
    def held_out_accuracy(classifier: str) -> float:
        trained = train(tiny.pipeline(classifier), PIXELS, CLASSES, folds=2)
        assert trained.scores is not None
        return float((models.predict(trained.model, trained.scores) == CLASSES).mean())

    assert held_out_accuracy(name) > held_out_accuracy("dummy") + 0.6


def test_a_loaded_model_predicts_what_the_predictions_say(made: Path) -> None:
    for name in tiny.params()["experiments"]:
        split = tiny.params()["experiments"][name]["split"]
        frame = pd.read_parquet(made / f"data/split/{split}/test.parquet")
        model = models.load(made / f"models/{name}.joblib")
        pixels = frame.filter(like="pixel").to_numpy()
        predictions = pd.read_parquet(made / f"data/predictions/{name}.parquet")["prediction"]
        assert predictions.tolist() == model.predict(pixels).tolist()


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="of x86 alone")
def test_every_x86_machine_calculates_alike() -> None:
    program = (
        "import stages, sklearn, threadpoolctl as t; print({each.get('architecture') for each in t.threadpool_info()})"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tiny.ROOT, env=environment, capture_output=True, check=True, text=True)
    assert ast.literal_eval(done.stdout) - {None} == {"Haswell"}


def test_the_detector_finds_fives_and_the_baseline_stands_beside_it(made: Path) -> None:
    measured = json.loads((made / "metrics/five-sgd.json").read_text())
    for accuracy in ("accuracy", "cv_accuracy"):
        assert measured[accuracy] > measured["baseline"] + 0.02
    assert measured["f1"] > 0.7
