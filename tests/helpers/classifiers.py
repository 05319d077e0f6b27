"""Fit, save and load classifiers: `python -m tests.helpers.classifiers FOLDER CLASSIFIER...`.

It prints nothing if each loaded model predicts the same as the saved one.
"""

import sys
import warnings
from pathlib import Path

from digits.learning import model_file, pipelines
from tests.helpers import tiny

from sklearn.pipeline import Pipeline

# The hyperparameters that make a fit quick, for each classifier that has them.
FEW = {"n_estimators": 5, "max_iter": 5, "n_restarts_optimizer": 0}
# With its default hyperparameters this one cannot be fitted on so few images.
DISCRIMINANT = "discriminant_analysis.QuadraticDiscriminantAnalysis"


def fit(name: str) -> Pipeline:
    """Return a model with a classifier, fitted on all digits of the tiny dataset."""
    X, y = tiny.digits()
    steps = pipelines.make_feature_steps("scaled", tiny.PIXEL_MAX)
    accepted = pipelines.import_classifier(name)().get_params()
    hyperparameters: dict[str, object] = {
        key: value for key, value in FEW.items() if key in accepted
    }
    if name == DISCRIMINANT:
        hyperparameters = {"solver": "eigen", "shrinkage": 0.5}
    classifier = pipelines.make_classifier(name, hyperparameters, 42)
    return Pipeline([*steps, ("classifier", classifier)]).fit(X, y)


def main() -> None:
    """Save and load each classifier that is named on the command line."""
    warnings.simplefilter("ignore")
    folder, *names = sys.argv[1:]
    X, _ = tiny.digits()
    for name in names:
        model = fit(name)
        path = Path(folder, f"{name}.skops")
        model_file.save(path, model)
        assert (model_file.load(path).predict(X) == model.predict(X)).all()


if __name__ == "__main__":
    main()
