"""A classifier of another package than scikit-learn: xgboost, which hides its arguments."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from digits.core import paths
from digits.learning import model_file
from digits.learning.estimators import make_classifier
from digits.messages.errors import UserError
from digits.security import trust
from tests.helpers import tiny
from tests.helpers.calls import VALID, call, failure

pytest.importorskip("xgboost")

DIGIT = "models.digit-logreg"
CHANGES: dict[str, Any] = {
    f"{DIGIT}.features": "raw",
    f"{DIGIT}.feature_parameters": {},
    f"{DIGIT}.classifier": "xgboost.XGBClassifier",
    f"{DIGIT}.hyperparameters": {"n_estimators": 10, "max_depth": 2},
}


@pytest.mark.variant
def test_it_is_trained_evaluated_and_used_like_any_other(project: Path) -> None:
    tiny.edit(project, CHANGES)
    assert call(project, "check").stdout == VALID
    path = project / paths.model("digit-logreg")
    call(project, "train", "digit-logreg")
    content = path.read_bytes()
    call(project, "train", "digit-logreg")
    assert path.read_bytes() == content
    call(project, "evaluate", "digit-logreg")
    predictions = pd.read_parquet(project / "data/predictions/digit-logreg.parquet")
    assert (predictions["label"] == predictions["prediction"]).mean() > 0.7


def test_the_package_warns_of_a_misspelt_argument_and_the_seed_is_refused(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tiny.edit(project, CHANGES | {f"{DIGIT}.hyperparameters": {"max_deph": 2}})
    assert call(project, "check").stdout == VALID  # the class takes any argument
    call(project, "train", "digit-logreg")
    assert 'Parameters: { "max_deph" } are not used.' in capfd.readouterr().err
    tiny.edit(project, CHANGES | {f"{DIGIT}.hyperparameters": {"random_state": 2}})
    assert "there is no 'random_state'" in failure(project, "check")


def test_only_the_package_that_params_yaml_names_is_trusted(tmp_path: Path) -> None:
    classifier = make_classifier("xgboost.XGBClassifier", {"n_estimators": 1}, seed=1)
    X, y = tiny.digits()
    classifier.fit(X, y)
    model_file.save(tmp_path / "model", classifier, "xgboost.XGBClassifier")
    with pytest.raises(UserError, match=r"holds xgboost\.sklearn\.XGBClassifier \(Obj"):
        model_file.load(tmp_path / "model")
    with pytest.raises(UserError, match="there is no package not_there; to install"):
        model_file.load(tmp_path / "model", "not_there.XGBClassifier")
    assert not trust.is_trusted("FunctionNode", "xgboost.train", "xgboost")
    assert not trust.is_trusted("ObjectNode", "xgboosted.Booster", "xgboost")


@pytest.mark.parametrize(
    ("classifier", "line"),
    [
        ("not_there.Boost", "there is no package not_there; to install one, see docs/"),
        ("__main__.Boost", "there is no '__main__.Boost'."),
        ("xgboost.XGBRegressor", "there is no 'xgboost.XGBRegressor'."),
        (".SVC", "there is no '.SVC'."),
        ("ensemble.VotingClassifier", "is made of other estimators, which params.yaml cannot"),
    ],
)
def test_what_is_no_classifier_is_one_line(tmp_path: Path, classifier: str, line: str) -> None:
    tiny.edit(tmp_path, {f"{DIGIT}.classifier": classifier})
    assert line in failure(tmp_path, "check")
