"""params.yaml: what is refused, in one line that says where, what is allowed and what to do."""

from pathlib import Path
from typing import Any

from digits.commands.check import check
from digits.core import params
from digits.core.errors import PipelineError
from digits.core.params import Params
from tests import tiny
from tests.calls import failure

import pytest

PLACE, SGD = "experiments.five-sgd", "experiments.five-sgd.hyperparameters"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a typo in a section": ({"sed": 1}, "params.yaml: there is no 'sed'. Did you mean 'seed'?"),
    "a hyperparameter": ({SGD: {"los": "hinge"}}, "there is no 'los'. Did you mean 'loss'"),
    "a classifier": ({f"{PLACE}.classifier": "svm.SCV"}, "there is no 'svm.SCV'. Did you mean 'svm.SVC' or"),
    "features": ({f"{PLACE}.features": "normalised"}, "features: there is no 'normalised'. Did you mean 'normalized'?"),
    "a class that is none": ({"tasks.five.positive": [15]}, "tasks.five: there is no 15."),
    "two sides of one class": ({"tasks.five.negative": [5]}, "`positive` must name some classes, and `negative` none"),
    "a test of nothing": ({"splits.tiny.test": 1.5}, "splits.tiny.test: must be a count of images, from 1, a share be"),
    "all for the test": ({"splits.tiny.test": 400}, "splits.tiny: test: 400 of 400 images leaves none to train on"),
    "groups without any": ({"splits.tiny.test": {"groups": 3}}, "its dataset has no groups; use a count or a share"),
    "a wrong value": ({SGD: {"loss": "hing"}}, "The 'loss' parameter of SGDClassifier must be a str among"),
    "a threshold": ({SGD: {"threshold": {"recal": 0.9}}}, "threshold: must be a number, {recall: share}, {precision"),
    "a threshold of ten classes": ({f"{PLACE}.task": "digit", SGD: {"threshold": 1}}, "needs two classes (not 10)"),
    "a threshold without folds": ({SGD: {"threshold": {"f1": "max"}}, f"{PLACE}.folds": 0}, "and folds if it is to be"),
    "too many copies": ({SGD: {"copies": 101}}, "copies: must be less than or equal to 100, not 101"),
    "a missing value": ({f"{PLACE}.features": ...}, f"{PLACE}.features is missing"),
    "a dataset not yet counted": ({"datasets.tiny.images": ...}, "images is missing; run `digits pin tiny`"),
    "a name": ({"tasks.not_this": {"split": "tiny"}}, "tasks.not_this: a name has letters, digits"),
    "names of some classes": ({"datasets.tiny.names": ["a", "b"]}, "datasets.tiny.names must be 10 different ones"),
    "an older file": ({f"{PLACE}.split": "tiny"}, f"{PLACE}.split has moved to tasks.TASK.split (CHANGELOG"),
}


@pytest.mark.parametrize(("changes", "line"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_named_in_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(PipelineError) as refused:
        check(params.validate(Params, tiny.params(changes)))
    assert line in refused.value.message
    assert refused.value.message.startswith("params.yaml: ")
    assert "\n" not in refused.value.message


def test_this_project_s_own_files_and_the_tiny_one_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.ROOT)
    check(own := params.load())
    check(params.validate(Params, tiny.params()))
    artifacts = params.read_yaml(Path("dvc.yaml").read_text(encoding="utf-8")).get("artifacts", {})
    models = {name: f"models/{name}.skops" for name in own.experiments}
    assert {name: block["path"] for name, block in artifacts.items()}.items() <= models.items()


def test_what_is_no_file_of_parameters_or_no_block_is_one_line(tmp_path: Path) -> None:
    assert "params.yaml is not here; run from the folder that holds it" in failure(tmp_path, "check")
    for text, reason in (("a: [", ": while parsing"), ("", "")):
        (tmp_path / "params.yaml").write_text(text)
        assert f"params.yaml is not YAML with named sections{reason}" in failure(tmp_path, "split", "tiny")
    tiny.edit(tmp_path, {})
    line = failure(tmp_path, "train", "five-sdg")
    assert line == "Error: params.yaml: there is no 'five-sdg'. Did you mean 'five-sgd'? Valid: digit-logreg, five-sgd."
