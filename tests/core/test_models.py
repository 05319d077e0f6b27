"""Nothing but the types of a classifier is created from the file of a model.

test_saving.py saves and loads each classifier.
"""

import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import sklearn
import skops.io
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from digits.core import paths
from digits.core.images import ImageFormat
from digits.imaging import drawing
from digits.learning import code_checksums, model_file, skops_format
from digits.learning.estimators import make_classifier
from digits.learning.pipelines import build_features
from digits.messages.errors import DAMAGED_FILE_HINT, UserError
from digits.security import trust
from tests.helpers import tiny
from tests.helpers.calls import failure
from tests.helpers.variants import mark_variants


@pytest.mark.parametrize("name", ["svm.SVC", "svm.NuSVC"])
def test_an_svc_breaks_ties_unless_params_yaml_says_that_it_does_not(name: str) -> None:
    assert make_classifier(name, {}, 42).break_ties
    assert not make_classifier(name, {"break_ties": False}, 42).break_ties


def test_a_model_of_sparse_pixels_is_saved_and_loaded(tmp_path: Path) -> None:
    X, y = tiny.digits()
    features = build_features("raw", {"sparse": True}, ImageFormat(tiny.SHAPE, tiny.PIXEL_MAX))
    classifier = make_classifier("one_vs_rest_svc", {}, 42)
    model = Pipeline([*features.steps, ("classifier", classifier)]).fit(X, y)
    path = tmp_path / "model.skops"
    model_file.save(path, model)
    assert (model_file.load(path).predict(X) == model.predict(X)).all()


def replace_in_schema(path: Path, old: bytes, new: bytes) -> None:
    """Replace a text in the description of a model file."""
    with ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert old in contents["schema.json"]
    contents["schema.json"] = contents["schema.json"].replace(old, new)
    with ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def test_a_model_of_another_scikit_learn_says_what_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "knn.skops"
    model_file.save(path, LogisticRegression().fit(*tiny.digits()))
    replace_in_schema(path, sklearn.__version__.encode(), b"1.6.1")
    with pytest.raises(UserError, match=r"with scikit-learn 1\.6\.1, but .*`make -B venv`"):
        model_file.load(path)


def check_refused(project: Path, content: bytes, reason: str) -> None:
    """Check that a model file with another content is refused in one line."""
    path = project / paths.model("five-sgd")
    path.write_bytes(content)
    line = failure(project, "evaluate", "five-sgd")
    assert line.startswith(f"Error: {paths.model('five-sgd')} cannot be loaded (")
    assert reason in line
    assert line.endswith(f"; {DAMAGED_FILE_HINT}")


@pytest.mark.parametrize("function", [np.savetxt, drawing.write_sheet])
def test_a_model_with_a_harmful_function_is_refused(project: Path, function: Any) -> None:
    path = project / paths.model("five-sgd")
    path.write_bytes(skops.io.dumps(FunctionTransformer(function)))
    assert failure(project, "evaluate", "five-sgd") == (
        f"Error: {paths.model('five-sgd')}: the model holds "
        f"{function.__module__}.{function.__name__} (FunctionNode), which TRUSTED_TYPES of "
        "digits.security.trust does not name"
    )


def test_a_model_that_was_trained_with_other_code_is_loaded_with_a_warning(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(code_checksums, "ROOT", project)
    path = project / paths.model("five-sgd")
    tiny.replace(project / "digits/features/scaled.py", "X", "Y")  # of other models
    words = project / "digits/features/normalized.py"
    tiny.replace(words, '"""Return each image', '"""# Return an image')
    tiny.replace(words, "stays 0", 'is "0"')  # a comment at the end of a line
    model_file.load(path)
    assert capsys.readouterr().err == ""

    tiny.replace(project / "digits/features/normalized.py", "norms, 1", "norms, 2")
    # A line is moved out of its loop, so that only its indentation changes.
    moved = project / "digits/imaging/transforms/deformation.py"
    tiny.replace(moved, r" {8}batches\.append", "    batches.append")
    model_file.load(path)
    assert capsys.readouterr().err == (
        f"{path} was trained with other code in digits/features/normalized.py, "
        "digits/imaging/transforms/deformation.py, so its predictions may be wrong; "
        "`dvc repro` trains it again\n"
    )


def test_what_lies_between_the_fields_of_records_is_not_stored() -> None:
    fields = np.dtype([("small", "u1"), ("large", "<f8")], align=True)
    contents = []
    for between in [b"\0", b"\1"]:
        records = np.frombuffer(b"\1" + 7 * between + 8 * b"\1", fields)
        contents.append(skops_format.make_reproducible(skops.io.dumps(records), {}))
    assert contents[0] == contents[1]


def test_a_truncated_model_is_refused(project: Path) -> None:
    content = (project / paths.model("five-sgd")).read_bytes()
    check_refused(project, content[:-50], "File is not a zip file")


@pytest.mark.parametrize(
    "content", mark_variants([(), {"steps": []}, Pipeline([]), Pipeline([("last", SVC())])])
)
def test_a_file_without_a_fitted_pipeline_is_refused(project: Path, content: Any) -> None:
    check_refused(project, skops.io.dumps(content), "")


def set_state(tree: Any, part: Any, field: Any, number: int) -> None:
    """Set the first number of an array in the state of a tree, or of a field of the array."""
    state = tree.__getstate__()
    state = list(state) if isinstance(state, tuple) else state
    state[part] = np.array(state[part])
    numbers = state[part] if field is None else state[part][field]
    numbers[0] = number
    tree.__setstate__(tuple(state) if isinstance(state, list) else state)


def set_node(field: str | list[str], number: int) -> Callable[[Any], None]:
    """Return a function that changes a field, or several, of a decision tree's first node."""
    return lambda classifier: set_state(classifier.tree_, "nodes", field, number)


def set_boosted_node(field: str, number: int) -> Callable[[Any], None]:
    """Return a function that changes the first node of the first tree of a boosted model."""

    def change(classifier: Any) -> None:
        classifier._predictors[0][0].nodes[field][0] = number

    return change


def set_attribute(name: str, value: Any) -> Callable[[Any], None]:
    """Return a function that changes an attribute of a classifier."""
    return lambda classifier: setattr(classifier, name, value)


LOGISTIC = "linear_model.LogisticRegression"
KNN = "neighbors.KNeighborsClassifier"
BOOSTING = "ensemble.HistGradientBoostingClassifier"
DECISION_TREE = "tree.DecisionTreeClassifier"
ALTERED = [
    (DECISION_TREE, {}, set_node("left_child", 2**40)),
    (DECISION_TREE, {}, set_node("right_child", -(2**30))),
    (DECISION_TREE, {}, set_node("left_child", 0)),
    (DECISION_TREE, {}, set_node(["left_child", "right_child"], 2**40)),
    (DECISION_TREE, {}, set_node("feature", 2**40)),
    (DECISION_TREE, {}, set_node("feature", -3)),
    (BOOSTING, {"max_iter": 2}, set_boosted_node("left", 10**6)),
    (BOOSTING, {"max_iter": 2}, set_boosted_node("feature_idx", 64)),
    (BOOSTING, {"max_iter": 2}, set_boosted_node("is_categorical", 1)),
    (KNN, {"algorithm": "kd_tree"}, lambda knn: set_state(knn._tree, 1, None, 2**40)),
    (KNN, {"algorithm": "ball_tree"}, lambda knn: set_state(knn._tree, 2, "idx_end", 2**40)),
    (KNN, {}, set_attribute("_y", np.full(400, 10))),
    (LOGISTIC, {}, set_attribute("coef_", np.ones((10, 7)))),
    (LOGISTIC, {}, set_attribute("coef_", np.full((10, 64), "1"))),
    (LOGISTIC, {}, set_attribute("classes_", np.array(list("abcdefghij")))),
    (LOGISTIC, {}, set_attribute("classes_", np.arange(9))),
    (LOGISTIC, {}, set_attribute("n_features_in_", -1)),
    ("svm.SVC", {}, set_attribute("_n_support", np.full(10, 10**9, np.int32))),
]


@pytest.mark.parametrize(("name", "arguments", "alter"), ALTERED)
def test_a_model_with_altered_values_is_refused(
    name: str, arguments: dict[str, Any], alter: Callable[[Any], None], tmp_path: Path
) -> None:
    classifier = make_classifier(name, arguments, seed=0)
    model = Pipeline([("classifier", classifier)]).fit(*tiny.digits())
    path = tmp_path / "model"
    model_file.save(path, model)
    model_file.load(path)
    alter(model[-1])
    model_file.save(path, model)
    with pytest.raises(UserError, match=r"model cannot be loaded \("):
        model_file.load(path)


def test_a_sparse_matrix_with_altered_indices_is_refused(tmp_path: Path) -> None:
    X, y = tiny.digits()
    model = Pipeline([("classifier", KNeighborsClassifier())]).fit(csr_array(X), y)
    model[-1]._fit_X.indices[0] = 10**6
    model_file.save(tmp_path / "model", model)
    with pytest.raises(UserError, match="cannot be loaded"):
        model_file.load(tmp_path / "model")


def test_a_model_file_of_another_protocol_is_refused(project: Path) -> None:
    path = project / paths.model("five-sgd")
    replace_in_schema(path, b'"protocol":2', b'"protocol":0')
    check_refused(project, path.read_bytes(), "its protocol is 0, not 2")


def test_a_model_that_would_not_be_loaded_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds numpy\.savetxt"):
        model_file.save(tmp_path / "model", FunctionTransformer(np.savetxt))
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("type_name", "is_trusted"),
    [
        ("sklearn.tree._tree.Tree", True),
        ("sklearn.datasets._base.load_files", False),
        ("sklearn.utils._testing.SkipTest", False),
        ("sklearn.metrics._dist_metrics.PyFuncDistance64", False),  # it calls any function
        ("numpy.sqrt", True),
        ("numpy.load", False),
        ("digits.features.normalized.normalize", True),
        ("digits.features.normalized.vstack", False),  # imported from SciPy
        ("digits.imaging.transforms.color.to_brightness", True),
        ("digits.learning.classifiers.augmented_svc.AugmentedSVC", True),
        ("digits.learning.classifiers.augmented_svc.SVC", False),  # imported from scikit-learn
        ("digits.learning.fitting.Fitted", False),
        ("digits.learning.model_file.load", False),
        ("digits.core.tables.read", False),
        ("builtins.eval", False),
    ],
)
def test_types_of_other_modules_are_not_trusted(type_name: str, is_trusted: bool) -> None:
    assert pkgutil.resolve_name(type_name)
    kinds = trust.TRUSTED_TYPES
    assert any(trust.is_trusted(kind, type_name) for kind in kinds) == is_trusted
