"""Models' files: every classifier is kept and loaded, the same bytes come out, and nothing else is made of a file."""

import sys
from inspect import signature
from pathlib import Path
from zipfile import ZipFile

from digits.core.errors import PipelineError
from digits.learning import model_file
from tests import tiny
from tests.calls import failure

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import all_estimators

# Fits each classifier that is named, after small parameters of its own, on 300 digits, keeps it and loads it.
KEEP = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from digits.learning import model_file, pipelines
from pathlib import Path
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline
folder, *names = sys.argv[1:]
X, y = (each[:300].astype(np.uint8) for each in load_digits(return_X_y=True))
few = {"n_estimators": 5, "max_iter": 5, "n_restarts_optimizer": 0}
for name in names:
    settings = {key: few[key] for key in {*few} & {*pipelines.find(name)().get_params()}}
    if name.endswith("QuadraticDiscriminantAnalysis"):
        settings = {"solver": "eigen", "shrinkage": 0.5}
    model = Pipeline([*pipelines.features("scaled", 16), ("classifier", pipelines.classifier(name, settings, 42))])
    model.fit(X, y)
    model_file.save(path := Path(folder, f"{name}.skops"), model)
    assert (model_file.load(path).predict(X) == model.predict(X)).all()
"""
# The first stands for what skops keeps as a string alone, which a process that has imported it before cannot show.
TREES = "ensemble.ExtraTreesClassifier"
THREE = ["ensemble.HistGradientBoostingClassifier", TREES, "neural_network.MLPClassifier"]
CANNOT_BE_FITTED = {"NuSVC", "CategoricalNB", "RadiusNeighborsClassifier"}  # on these digits, with their defaults
ALL = [  # but those that are made of other estimators
    f"{kind.__module__.split('.')[1]}.{title}"
    for title, kind in all_estimators("classifier")
    if (title not in CANNOT_BE_FITTED and not {"estimator", "estimators"} & {*signature(kind).parameters})
    or title in {"AdaBoostClassifier", "BaggingClassifier", "CalibratedClassifierCV"}
]


def keep(folder: Path, *names: str, seed: int = 1) -> None:
    """Fit, keep and load classifiers in a process of their own, which must not say a word."""
    folder.mkdir(exist_ok=True)
    done = tiny.run([sys.executable, "-c", KEEP, str(folder), *names], tiny.ROOT, PYTHONHASHSEED=str(seed))
    assert (done.stdout, done.stderr) == ("", "")


def test_classifiers_are_kept_and_loaded_and_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    keep(tmp_path / "1", *THREE, seed=1)
    keep(tmp_path / "2", TREES, seed=2)
    name = f"{TREES}.skops"
    assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    with ZipFile(tmp_path / "1" / name) as file:
        assert "__id__" not in file.read("schema.json").decode()
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_a_classifier_of_scikit_learn_is_kept_and_loaded_by_a_process_of_its_own(tmp_path: Path, name: str) -> None:
    keep(tmp_path, name)


HARMFUL = Pipeline([("f", FunctionTransformer(np.savetxt)), ("c", LogisticRegression())])


def test_a_foreign_or_damaged_model_is_refused_in_one_line(project: Path) -> None:
    path = project / "models/five-sgd.skops"
    for damaged, reason in (
        (skops.io.dumps(HARMFUL), "holds numpy.savetxt, which TRUSTED of digits.learning.model_file does not name"),
        (skops.io.dumps(LogisticRegression()), "no Pipeline, but LogisticRegression"),
        (path.read_bytes()[:-50], "File is not a zip file"),
    ):
        path.write_bytes(damaged)
        line = failure(project, "evaluate", "five-sgd")
        assert line.startswith("Error: models/five-sgd.skops cannot be loaded (")
        assert reason in line
        assert line.endswith("; delete it, `dvc repro` brings it back")


def test_a_model_that_would_not_be_loaded_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"holds numpy\.savetxt"):
        model_file.save(tmp_path / "model.skops", HARMFUL)
    assert not (tmp_path / "model.skops").exists()
