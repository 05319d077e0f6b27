"""What a trained model must be: better than the dummy, the same again, and indifferent to what does not matter."""

import ast
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits.learning import models
from stages.train import train
from tests import tiny

PIXELS, CLASSES = tiny.digits()
BETTER = ["extra-trees", "k-neighbors", "logistic-regression", "mlp", "sgd", "svc"]


@pytest.mark.parametrize("name", BETTER)
def test_every_classifier_beats_the_dummy_on_digits_it_has_not_seen(name: str) -> None:
    def held_out_accuracy(classifier: str) -> float:
        _, crossval = train(tiny.pipeline(classifier), PIXELS, CLASSES, folds=2)
        assert crossval is not None
        return float((crossval["prediction"] == CLASSES).mean())

    assert held_out_accuracy(name) > held_out_accuracy("dummy") + 0.6


@pytest.mark.parametrize("name", ["dummy", *BETTER])
def test_trained_twice_is_the_same_file(tmp_path: Path, name: str) -> None:
    for path in (tmp_path / "one.joblib", tmp_path / "two.joblib"):
        models.save(path, train(tiny.pipeline(name), PIXELS, CLASSES, folds=0)[0])
    assert (tmp_path / "one.joblib").read_bytes() == (tmp_path / "two.joblib").read_bytes()


@pytest.mark.parametrize("name", BETTER)
def test_the_order_of_the_rows_changes_no_prediction(name: str) -> None:
    model, _ = train(tiny.pipeline(name), PIXELS, CLASSES, folds=0)
    order = np.random.RandomState(0).permutation(len(PIXELS))
    straight, shuffled = (models.predict(model, models.score(model, rows)) for rows in (PIXELS, PIXELS[order]))
    assert np.array_equal(straight[order], shuffled)


def test_one_image_alone_is_scored_as_among_others() -> None:
    model, _ = train(tiny.pipeline("svc"), PIXELS, CLASSES, folds=0)
    assert np.allclose(models.score(model, PIXELS[3:4])[0], models.score(model, PIXELS)[3])


def test_a_loaded_model_predicts_what_the_predictions_say(made: Path) -> None:
    for name in tiny.params()["experiments"]:
        split = tiny.params()["experiments"][name]["split"]
        frame = pd.read_parquet(made / f"data/split/{split}/test.parquet")
        model = models.load(made / f"models/{name}.joblib")
        pixels = frame.filter(like="pixel").to_numpy()
        predictions = pd.read_parquet(made / f"data/predictions/{name}.parquet")["prediction"]
        assert predictions.tolist() == model.predict(pixels).tolist()


def test_every_x86_machine_calculates_alike() -> None:
    program = "import stages.{stage}\nfrom threadpoolctl import threadpool_info\n"
    program += "print({{library.get('architecture') for library in threadpool_info()}})"
    for stage in ("train", "evaluate"):
        environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
        command = [sys.executable, "-c", program.format(stage=stage)]
        done = subprocess.run(command, cwd=tiny.ROOT, env=environment, capture_output=True, check=True)
        architectures = ast.literal_eval(done.stdout.decode()) - {None}
        assert platform.machine() not in {"x86_64", "AMD64"} or architectures == {"Haswell"}


def test_the_detector_finds_fives_and_the_baseline_stands_beside_it(made: Path) -> None:
    measured = json.loads((made / "metrics/five-sgd.json").read_text())
    for part in ("test", "cross_validation"):
        assert measured[part]["accuracy"] > measured[part]["baseline_accuracy"] + 0.02
        assert measured[part]["recall"] > 0.7
