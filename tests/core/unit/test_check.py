"""Every kind of mistake in params.yaml, each put into the tiny project's valid one."""

from pathlib import Path
from typing import Any

from digits.commands.check import check, undrawn
from digits.support import parameters
from digits.support.errors import ParameterError
from digits.support.parameters import Parameters
from tests import tiny

import pytest

FIVE, LOGREG = "experiments.five-sgd.hyperparameters", "experiments.digit-logreg.hyperparameters"


def test_the_tiny_and_the_project_s_own_parameters_are_valid() -> None:
    check(Parameters(tiny.params()))
    check(parameters.load(tiny.ROOT / "params.yaml"))


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("seed", [10**5000], "seed: must be an integer from 0 to 4294967295, not a value of type list that is too la"),
        ("datasets.tiny.sources", "http://me:se/cr@et@host", "sources: must be a valid list, not 'http://…@host'"),
        ("sed", 1, "there is no 'sed'. Did you mean 'seed'? Valid: datasets, experiments, mixes, seed"),
        ("seed", ..., "seed: must be an integer from 0 to 4294967295, not None"),
        ("tasks", {5: {}}, "tasks: 5 cannot be a name; a name is text of letters, digits and single hyphens"),
        ("tasks.five.positiv", [5], "tasks.five: there is no 'positiv'. Did you mean 'positive'? Valid: negative"),
        ("tasks.five.positive", [10], "tasks.five.positive: tiny has no class 10; allowed: 0 to 9"),
        ("tasks.five.positive", ["cat"], "tasks.five.positive: there is no 'cat'. Valid: "),
        ("tasks.five.positive", list(range(10)), "all 10 classes of tiny are positive; leave one out"),
        ("tasks.class.negative", [1], "tasks.class.negative: needs `positive`, the classes to tell these from"),
        ("tasks.five.negative", [1, 5], "tasks.five.negative: the class 5 is positive as well; leave it out of one"),
        ("tasks.five.negative", [10], "tasks.five.negative: tiny has no class 10; allowed: 0 to 9"),
        ("tasks.five.negative", ["cat"], "tasks.five.negative: there is no 'cat'. Valid: "),
        (f"{FIVE}.threshold", {"recall": 2}, "five-sgd: threshold: must be a number, or one of {recall: share}"),
        (f"{FIVE}.copies", -1, "experiments.five-sgd: copies: must be an integer from 0 to 100, not -1"),
        (f"{LOGREG}.threshold", 0.5, "digit-logreg: threshold: is for tasks of two classes, this one has 10"),
        ("splits.tiny.test", 0, "splits.tiny.test: must be a count of images, from 1, a share between 0 and 1"),
        ("splits.tiny.test", 400, "splits.tiny.test: 400 of 400 images leaves none to train on; allowed: 1 to 399"),
        ("datasets.tiny.enlarged", {"first": 301, "to": 999, "seed": 1}, "splits.tiny.test: 100 would put copies of"),
        ("splits.tiny", 5, "splits.tiny: must be a valid dictionary"),
        ("splits.tiny.dataset", "tny", "splits.tiny.dataset: there is no 'tny'. Did you mean 'tiny'? Valid: tiny"),
        ("datasets.tiny.images", ..., "datasets.tiny.images is missing; run `digits pin tiny`"),
        ("datasets.tiny.names", ["all", *"abcdefghi"], "datasets.tiny: names: must be 10 different ones, and not `a"),
        ("datasets.tiny.names", [*"abcdefghi", "none"], "and not `all`, `none` or `several`"),
        ("datasets.tiny.sources", [{"idz": "x"}], "datasets.tiny.sources: there is no 'idz'. Did you mean 'idx'?"),
        ("datasets.tiny.sha256.label", "", "datasets.tiny.sha256.label: Extra inputs are not permitted"),
        ("experiments.five-sgd.folds", 1, "experiments.five-sgd.folds: must be 0 for none, or at least 2, not 1"),
        ("experiments.five-sgd.features", "scald", "experiments.five-sgd: features: there is no 'scald'"),
        ("experiments.five-sgd.classifier", "svm.SVV", "classifier: there is no 'svm.SVV'. Did you mean 'svm.SVC'"),
        (FIVE, {"los": "hinge"}, "there is no 'los'. Did you mean 'loss'? Valid: al"),
    ],
)
def test_a_mistake_is_one_line(place: str, value: Any, line: str) -> None:
    with pytest.raises(ParameterError) as error:
        check(Parameters(tiny.params({place: value})))
    assert line in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1200


def test_an_experiment_that_a_chart_of_its_task_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.ROOT)
    assert list(undrawn(parameters.load())) == []
    monkeypatch.chdir(tmp_path)
    chart = "plots:\n  - five on tiny, ROC curves:\n      y: {plots/five-old/roc.csv: true_positive_rate}\n"
    (tmp_path / "dvc.yaml").write_text(f"{chart}  - five on mnist, ROC curves:\n  - plots/old.csv\n", encoding="utf-8")
    line = "dvc.yaml: add `plots/five-sgd/roc.csv: true_positive_rate` to 'five on tiny, ROC curves'"
    assert list(undrawn(Parameters(tiny.params()))) == [line]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"seed: 42\nseed: 43\n", 'line 2, column 1: found duplicate key "seed"'),
        (b"<<<<<<< HEAD\nseed: 42\n=======\nseed: 43\n>>>>>>> b\n", "line 2"),
        (b"seed: \xff\n", "can't decode byte 0xff in position 6"),
        (b"", "must hold named sections"),
        (b"seed: 1" + bytes([48]) * 5000, "value has 5001 digits"),
        (b"x: " + b"[" * 100_000, "more than 50 lists or blocks in each other"),
        (b"x: {y: &a {z: [*a]}}", r"\*a is inside of &a; a value cannot hold itself"),
        (b"seed: !!python/object/apply:os.getcwd []\n", "line 1, column 7: could not determine a constructor"),
    ],
)
def test_a_file_that_is_no_parameters_file(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match=reason) as error:
        parameters.load(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < len(str(path)) + 200
