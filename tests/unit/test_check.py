"""Every kind of mistake in params.yaml, each put into the tiny project's sound one."""

from common import parameters
from common.cli import ParameterError

from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from check import check


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return the tiny parameters with one value set, or taken away where it is `...`."""
    values = tiny.params()
    *parents, last = place.split(".")
    block = values
    for key in parents:
        block = block[key]
    if value is ...:
        del block[last]
    else:
        block[last] = value
    return values


def test_the_tiny_and_the_project_s_own_parameters_are_sound() -> None:
    check(tiny.params())
    check(parameters.load(tiny.ROOT / "params.yaml"))


def test_the_offline_experiments_are_named_for_it() -> None:
    values = parameters.load(tiny.ROOT / "params.yaml")
    for name, experiment in values["experiments"].items():
        dataset = values["splits"][experiment["split"]]["dataset"]
        assert name.startswith("digits-") == (dataset == "digits"), name


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("sed", 1, "params.yaml: there is no 'sed'. Did you mean 'seed'? Valid: datasets, experiments, seed"),
        ("seed", ..., "params.yaml: seed: must be a valid integer, not None"),
        ("seed", "42", "params.yaml: seed: must be a valid integer, not '42'"),
        ("seed", -1, "params.yaml: seed: must be greater than or equal to 0, not -1"),
        ("tasks", ..., "params.yaml: `tasks` must be a section with at least one block"),
        ("tasks", [], "params.yaml: `tasks` must be a section with at least one block"),
        ("tasks.five.positiv", [5], "tasks.five: there is no 'positiv'. Did you mean 'positive'? Valid: positive"),
        ("tasks.five.positive", [10], "tasks.five.positive: tiny has no digit 10; allowed: 0 to 9"),
        ("tasks.five.positive", [-1], "tasks.five.positive.0: must be greater than or equal to 0, not -1"),
        ("tasks.five.positive", ["5"], "tasks.five.positive.0: must be a valid integer, not '5'"),
        ("tasks.five.positive", 5, "tasks.five.positive: must be a valid list, not 5"),
        ("tasks.five.positive", [], "tasks.five.positive: List should have at least 1 item"),
        ("tasks.five.positive", [5, 5], "names a digit twice"),
        ("tasks.five.positive", list(range(10)), "all 10 digits of tiny are positive; leave one out"),
        ("tasks", {5: {}}, "tasks: 5 cannot be a name; a name is text of letters, digits and single hyphens"),
        ("tasks", {"my.task": {}}, "tasks: 'my.task' cannot be a name"),
        (
            "splits.tiny.test",
            0,
            "splits.tiny.test: must be a count of images, from 1, or a share between 0 and 1, not 0",
        ),
        ("splits.tiny.test", 1.5, "splits.tiny.test: must be a count of images, from 1, or a share between 0 and 1"),
        ("splits.tiny.test", True, "splits.tiny.test: must be a count"),
        ("splits.tiny.test", "0.2", "splits.tiny.test: must be a count"),
        ("splits.tiny.test", 400, "splits.tiny.test: 400 images, but tiny has 400; allowed: 1 to 399"),
        ("splits.tiny.dataset", "tny", "splits.tiny.dataset: there is no 'tny'. Did you mean 'tiny'? Valid: tiny"),
        ("datasets.tiny.sources", [], "datasets.tiny.sources: List should have at least 1 item"),
        ("datasets.tiny.sources", [{"idz": "x"}], "datasets.tiny.sources.0.idz"),
        (
            "datasets.tiny.sha256",
            {"pixels": "abc", "labels": "abc"},
            "datasets.tiny.sha256.pixels: String should match",
        ),
        ("datasets.tiny.sha256.label", "", "datasets.tiny.sha256: there is no 'label'. Did you mean 'labels'?"),
        ("datasets.tiny.shape", [8], "datasets.tiny.shape: List should have at least 2 items"),
        ("experiments.five-sgd.folds", 1, "experiments.five-sgd.folds: must be 0 for none, or at least 2, not 1"),
        ("experiments.five-sgd.folds", ..., "experiments.five-sgd.folds is missing"),
        (
            "experiments.five-sgd.split",
            "tinny",
            "experiments.five-sgd.split: there is no 'tinny'. Did you mean 'tiny'?",
        ),
        ("experiments.five-sgd.task", "fife", "experiments.five-sgd.task: there is no 'fife'. Did you mean 'five'?"),
        ("experiments.five-sgd.features", "scald", "experiments.five-sgd: features: there is no 'scald'"),
        ("experiments.five-sgd.classifier", "sdg", "experiments.five-sgd: classifier: there is no 'sdg'"),
        (
            "experiments.five-sgd.hyperparameters",
            {"los": "hinge"},
            "there is no 'los'. Did you mean 'loss'? Valid: alpha",
        ),
        (
            "experiments.five-sgd.hyperparameters",
            {"max_iter": "ten"},
            "'max_iter' parameter of SGDClassifier must be an int",
        ),
        (
            "experiments.five-sgd.hyperparameters",
            None,
            "experiments.five-sgd.hyperparameters: must be a valid dictionary",
        ),
    ],
)
def test_a_mistake_is_one_line(place: str, value: Any, line: str) -> None:
    with pytest.raises(ParameterError) as error:
        check(changed(place, value))
    assert line in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"seed: 42\nseed: 43\n", "line 2, column 1: 'seed' stands twice"),
        (b"seed: [1, 2\n", "line 2"),
        (b"seed: \xff\n", "is not UTF-8 at byte 6"),
        (b"", "must hold named sections"),
        (b"- 1\n", "must hold named sections"),
        (b"seed: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
    ],
)
def test_a_file_that_is_no_parameters_file(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match=reason):
        parameters.load(path)


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("a: 1e-3\nb: 5E2\nc: 0.5\nd: 10\ne: 1e\n")
    values = parameters.load(path)
    assert values == {"a": 0.001, "b": 500.0, "c": 0.5, "d": 10, "e": "1e"}
    assert yaml.safe_load("1e-3") == "1e-3"  # what the plain loader makes of it
