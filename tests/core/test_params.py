"""params.yaml: what is refused, in one line that says where, what is allowed and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import modify_yaml

from digits.commands.check import check
from digits.evaluation import metrics
from digits.messages.errors import unknown_choice_error
from digits.settings import params, params_file
from tests.helpers import tiny
from tests.helpers.calls import VALID, call, failure

FIVE = "models.five-sgd"
HYPERPARAMETERS = f"{FIVE}.hyperparameters"

CASES = yaml.safe_load(Path(__file__).with_name("refused.yaml").read_text(encoding="utf-8"))


def list_cases(section: str) -> list[Any]:
    """Return the changes of params.yaml in a section of refused.yaml, with their errors."""
    cases = []
    for name, case in CASES[section].items():
        changes = case.get("change", {}) | dict.fromkeys(case.get("remove", []), ...)
        cases.append(pytest.param(changes, case["error"], id=name))
    return cases


def list_stage_cases() -> list[Any]:
    """Return the changes that a stage refuses, with the stage and its error."""
    cases = CASES["by_a_stage"].items()
    return [pytest.param(c["change"], c["stage"], c["error"], id=name) for name, c in cases]


@pytest.mark.parametrize(("changes", "line"), list_cases("by_the_file"))
def test_a_mistake_is_one_line_of_check_and_of_a_stage(
    tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    tiny.edit(tmp_path, changes)
    error = failure(tmp_path, "check")
    assert error.startswith("Error: params.yaml: ")
    assert line in error
    assert failure(tmp_path, "split", "tiny") == error


@pytest.mark.parametrize(("changes", "stage", "reason"), list_stage_cases())
def test_a_mistake_that_only_the_images_tell_is_one_line_of_a_stage(
    project: Path, changes: dict[str, Any], stage: str, reason: str
) -> None:
    tiny.edit(project, changes)
    assert reason in failure(project, *stage.split())


@pytest.mark.parametrize("stage", tiny.ONE_OF_EACH)
def test_each_stage_refuses_a_mistake_before_any_work(tmp_path: Path, stage: str) -> None:
    # The mistake is in no entry that any of these stages reads.
    tiny.edit(tmp_path, {"models.digit-logreg.folds": 1})
    before = tiny.files(tmp_path)
    line = failure(tmp_path, *stage.split("@"))
    assert line.startswith("Error: params.yaml: models.digit-logreg.folds: must be 0, ")
    assert tiny.files(tmp_path) == before


@pytest.mark.parametrize(("changes", "line"), list_cases("by_check"))
def test_a_mistake_that_the_file_alone_cannot_tell_is_one_line_of_check(
    tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    tiny.edit(tmp_path, changes)
    error = failure(tmp_path, "check")
    assert error.startswith("Error: params.yaml: ")
    assert line in error


def test_a_folder_that_is_called_like_a_place_changes_nothing(tmp_path: Path) -> None:
    tiny.edit(tmp_path, {"datasets.tiny.sources": [{"sklearn": "digits"}]})
    (tmp_path / "digits").mkdir()  # the place is not this folder
    assert call(tmp_path, "check").output == VALID


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 0},
        {"seed": 2**32 - 1},
        {"datasets.tiny.shape": [1, 256]},
        {"datasets.tiny.pixel_max": 255},
        {"tasks.five.positive": [*range(9), 5]},
        {"splits.tiny.test": 0.999},
        {"splits.tiny.test": 399},
        {f"models.{'a' * 100}": tiny.params()["models"]["five-sgd"]},
        {f"{FIVE}.folds": 2},
        {f"{FIVE}.folds": 100},
        {HYPERPARAMETERS: {"threshold": {"recall": 1.0}}},
        {HYPERPARAMETERS: {"threshold": {"precision": 1.0}}},
        {HYPERPARAMETERS: {"threshold": -0.5}, f"{FIVE}.folds": 0},
    ],
    ids=str,
)
def test_the_ends_of_a_range_are_valid(changes: dict[str, Any]) -> None:
    params_file.validate(tiny.params(changes))


@pytest.mark.parametrize(("n_names", "is_listed"), [(12, True), (13, False)])
def test_a_few_valid_names_are_listed_and_many_are_not(n_names: int, is_listed: bool) -> None:
    names = [f"name-{number}" for number in range(n_names)]
    error = unknown_choice_error("models", "nosuch", names)
    assert error.message.startswith("models: there is no 'nosuch'.")
    assert ("Valid: " in error.message) == is_listed


def test_of_a_long_value_only_the_beginning_is_shown(tmp_path: Path) -> None:
    tiny.edit(tmp_path, {"seed": "4" * 90})
    assert failure(tmp_path, "check").endswith(f"must be a valid integer, not '{'4' * 79}")


def test_the_files_of_this_project_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.ROOT)
    check(params_file.load())


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    line = "Error: params.yaml was not found; run from the folder that holds it"
    assert failure(tmp_path, "check") == line
    assert failure(tmp_path, "split", "tiny") == line


CONFLICT = """\
seed: 42
<<<<<<< HEAD
models: {}
=======
tasks: {}
>>>>>>> main
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "params.yaml is not YAML: line 2: did not find"),
        ("a: 1\nb: c: d\n", "params.yaml is not YAML: line 2: mapping values are not allowed"),
        ("a: 1\nb: \0", "params.yaml is not YAML: unacceptable character #x0000"),
        (CONFLICT, "params.yaml is not YAML: line 2 is a conflict marker of Git; choose one"),
        ("", "params.yaml has no named sections"),
        ("- a", "params.yaml has no named sections"),
    ],
)
def test_a_file_of_something_else_is_one_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    assert failure(tmp_path, "split", "tiny").startswith(f"Error: {reason}")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_another_encoding_is_one_line(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "params.yaml").write_text("seed: 42\n# schön\n", encoding=encoding)
    line = failure(tmp_path, "check")
    number = {"latin-1": 2, "utf-16": 1}[encoding]
    reason = (
        f"line {number} has a character that is not in UTF-8; save the file in this encoding"
    )
    assert line == f"Error: params.yaml: {reason}"


def test_dvc_keeps_the_layout_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    before = (tiny.ROOT / "params.yaml").read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    with modify_yaml(path) as values:  # as `dvc exp run -S` does
        values["seed"] = 7
    after = path.read_text(encoding="utf-8")
    assert after == before.replace("seed: 42\n", "seed: 7\n")


# DVC tracks the values that are in params.yaml. A default in the schema, or a value that validation
# changes, could change an output without a rerun.


def test_no_key_has_a_default_value() -> None:
    schemas: list[type[params.Entry]] = [
        schema
        for schema in params.Entry.__subclasses__()
        if schema.__module__ == params.__name__
    ]
    assert {params.DatasetParams, params.Params} < set(schemas)
    for schema in schemas:
        for name, field in schema.model_fields.items():
            assert field.is_required() or field.default is None, f"{schema.__name__}.{name}"


def test_validation_changes_no_value() -> None:
    text = (tiny.ROOT / params_file.FILE).read_text(encoding="utf-8")
    content = params_file.parse(text)
    assert params_file.validate(content).model_dump(exclude_unset=True) == content


def test_the_reserved_name_is_that_of_all_images() -> None:
    # It stands twice: DVC would not notice an edit of the schema that changes an output.
    assert metrics.OVERALL == params.RESERVED_NAME
