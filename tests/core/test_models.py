"""Nothing but the types of a classifier is created from the file of a model.

test_saving.py saves and loads each classifier.
"""

import io
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from digits.core import paths
from digits.core.images import ImageFormat
from digits.imaging import drawing
from digits.learning import model_file, trust
from digits.learning.estimators import make_classifier
from digits.learning.pipelines import build_features
from digits.messages.errors import DAMAGED_FILE_HINT, UserError
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


def test_a_model_of_another_scikit_learn_says_what_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "knn.skops"
    model_file.save(path, LogisticRegression().fit(*tiny.digits()))
    with ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = contents["schema.json"].replace(sklearn.__version__.encode(), b"1.6.1")
    with ZipFile(path, "w") as archive:
        for name, content in (contents | {"schema.json": schema}).items():
            archive.writestr(name, content)
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
        "digits.learning.trust does not name"
    )


def test_a_model_that_was_trained_with_other_code_is_loaded_with_a_warning(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model_file, "ROOT", project)
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
        contents.append(model_file.make_reproducible(skops.io.dumps(records)))
    assert contents[0] == contents[1]


def test_a_truncated_model_is_refused(project: Path) -> None:
    content = (project / paths.model("five-sgd")).read_bytes()
    check_refused(project, content[:-50], "File is not a zip file")


@pytest.mark.parametrize(
    "content", mark_variants([(), {"steps": []}, Pipeline([]), Pipeline([("last", SVC())])])
)
def test_a_file_without_a_fitted_pipeline_is_refused(project: Path, content: Any) -> None:
    check_refused(project, skops.io.dumps(content), "")


@pytest.mark.parametrize("kind", mark_variants(["one member", "two members", "nested"]))
def test_a_model_that_unpacks_to_far_more_is_refused(project: Path, kind: str) -> None:
    zeros = io.BytesIO()
    with ZipFile(zeros, "w", ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", bytes(110_000_000))
    members = {
        "one member": {"more.npy": bytes(110_000_000)},
        "two members": {"more_1.npy": bytes(60_000_000), "more_2.npy": bytes(60_000_000)},
        "nested": {"more.npz": zeros.getvalue()},
    }
    with ZipFile(project / paths.model("five-sgd"), "a", ZIP_DEFLATED) as archive:
        for name, content in members[kind].items():
            archive.writestr(name, content)
    message = failure(project, "evaluate", "five-sgd")
    assert " MB unpack to more than 100 MB, the limit for a file of this" in message


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
        ("digits.learning.fitting.FitResult", False),
        ("digits.learning.model_file.load", False),
        ("digits.core.tables.read", False),
        ("builtins.eval", False),
    ],
)
def test_types_of_other_modules_are_not_trusted(type_name: str, is_trusted: bool) -> None:
    kinds = trust.TRUSTED_TYPES
    assert any(trust.is_trusted(kind, type_name) for kind in kinds) == is_trusted
