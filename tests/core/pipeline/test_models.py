"""What a trained model must be: better than always saying the same, and what its predictions say."""

import json
from pathlib import Path

from digits.learning import models

import pandas as pd
import pytest


@pytest.mark.parametrize(("name", "split"), [("five-sgd", "tiny"), ("digit-logreg", "tiny-random")])
def test_a_loaded_model_predicts_what_the_predictions_say(made: Path, name: str, split: str) -> None:
    frame = pd.read_parquet(made / f"data/split/{split}/test.parquet")
    predictions = pd.read_parquet(made / f"data/predictions/{name}.parquet")["prediction"]
    model = models.load(made / f"models/{name}.joblib")
    assert predictions.tolist() == model.predict(frame.filter(like="pixel").to_numpy()).tolist()


def test_the_detector_finds_fives_and_the_baseline_stands_beside_it(made: Path) -> None:
    measured = json.loads((made / "metrics/five-sgd.json").read_text())
    assert min(measured["accuracy"], measured["cv_accuracy"]) > measured["baseline"] + 0.02
    assert measured["f1"] > 0.7
