"""Models' files: every classifier is kept and loaded, the same bytes come out, and nothing else is made of a file."""

import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

from digits.core.errors import PipelineError
from digits.learning import model_file
from tests import tiny

import numpy as np
import pytest
import skops.io
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import all_estimators

KEEP = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from digits.learning import model_file, pipelines, scoring
from pathlib import Path
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline
name, path = sys.argv[1], Path(sys.argv[2])
X, y = load_digits(return_X_y=True)
X, y = X[:300].astype(np.uint8), y[:300].astype(np.uint8)
few = {"n_estimators": 5, "max_iter": 20, "n_restarts_optimizer": 0, "solver": "eigen", "shrinkage": 0.5}
kind = pipelines.find(name)
more = {"discriminant_analysis.QuadraticDiscriminantAnalysis": ("solver", "shrinkage")}.get(name, ())
settings = {key: few[key] for key in {"n_estimators", "max_iter", *more} & {*kind().get_params()}}
model = Pipeline([*pipelines.features("scaled", 16), ("classifier", pipelines.classifier(name, settings, 42))])
model.fit(X, y if name != "one class" else y > 4)
model_file.save(path, model)
assert (model_file.load(path).predict(X) == model.predict(X)).all()
"""
THREE = ["ensemble.HistGradientBoostingClassifier", "ensemble.ExtraTreesClassifier", "neural_network.MLPClassifier"]
NEEDS_ESTIMATORS = {"ClassifierChain", "FixedThresholdClassifier", "MultiOutputClassifier", "OneVsOneClassifier"}
NEEDS_ESTIMATORS |= {"OneVsRestClassifier", "OutputCodeClassifier", "SelfTrainingClassifier", "StackingClassifier"}
NEEDS_ESTIMATORS |= {"TunedThresholdClassifierCV", "VotingClassifier"}
CANNOT_BE_FITTED = {  # on these digits, with parameters as they are
    "NuSVC": "its nu is infeasible",
    "CategoricalNB": "of whole numbers alone",
    "RadiusNeighborsClassifier": "no neighbours so near",
}
ALL = sorted(
    f"{kind.__module__.split('.')[1]}.{title}"
    for title, kind in all_estimators("classifier")
    if title not in NEEDS_ESTIMATORS | {*CANNOT_BE_FITTED}
)


@pytest.mark.parametrize("name", [*THREE, *(pytest.param(n, marks=pytest.mark.slow) for n in ALL if n not in THREE)])
def test_a_classifier_of_scikit_learn_is_kept_and_loaded_by_a_process_of_its_own(tmp_path: Path, name: str) -> None:
    done = tiny.run([sys.executable, "-c", KEEP, name, str(tmp_path / "model.skops")], tiny.ROOT)
    assert done.stderr == ""


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for i in (1, 2):
        tiny.run([sys.executable, "-c", KEEP, THREE[1], str(tmp_path / f"{i}.skops")], tiny.ROOT, PYTHONHASHSEED=str(i))
    assert (tmp_path / "1.skops").read_bytes() == (tmp_path / "2.skops").read_bytes()
    with ZipFile(tmp_path / "1.skops") as file:
        assert "__id__" not in file.read("schema.json").decode()
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def harmful(path: Path) -> str:
    skops.io.dump(Pipeline([("f", FunctionTransformer(np.savetxt)), ("c", LogisticRegression())]), path)
    return "holds numpy.savetxt, which TRUSTED of digits.learning.model_file does not name"


def no_pipeline(path: Path) -> str:
    skops.io.dump(LogisticRegression(), path)
    return "no Pipeline, but LogisticRegression"


def cut(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:-50])
    return "File is not a zip file"


@pytest.mark.parametrize("damage", [harmful, no_pipeline, cut])
def test_a_foreign_or_damaged_model_is_refused_in_one_line(tmp_path: Path, damage: Callable[[Path], str]) -> None:
    model_file.save(path := tmp_path / "model.skops", Pipeline([("classifier", DummyClassifier())]))
    reason = damage(path)
    with pytest.raises(PipelineError) as refused:
        model_file.load(path)
    assert refused.value.message.startswith(f"{path} cannot be loaded (")
    assert reason in refused.value.message
    assert refused.value.message.endswith("; delete it, `dvc repro` brings it back")


def test_a_model_that_would_not_be_loaded_is_not_written(tmp_path: Path) -> None:
    model = Pipeline([("f", FunctionTransformer(np.savetxt)), ("c", LogisticRegression())])
    with pytest.raises(PipelineError, match=r"holds numpy\.savetxt"):
        model_file.save(tmp_path / "model.skops", model)
    assert not (tmp_path / "model.skops").exists()
