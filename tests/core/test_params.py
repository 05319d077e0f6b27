"""params.yaml: what is refused, in one line that says where, what is allowed and what to do."""

from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import modify_yaml

from digits.commands.check import check
from digits.evaluation import metrics
from digits.messages.errors import unknown_choice_error
from digits.settings import params, params_file, recorded
from tests.helpers import tiny
from tests.helpers.calls import VALID, call, failure

FIVE = "models.five-sgd"
HYPERPARAMETERS = f"{FIVE}.hyperparameters"
FOURTEEN_GROUPS = {
    "datasets.tiny.groups": 14,
    "datasets.tiny.sha256.groups": "e" * 64,
    "splits.tiny-random.test": {"groups": 3},
}

# Changes of the tiny project's params.yaml, and a part of the error.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {}
REFUSED["a typo in a section"] = (
    {"sed": 1},
    "params.yaml: there is no 'sed'. Did you mean 'seed'?",
)
REFUSED["a typo in a key"] = (
    {f"{FIVE}.fold": 3, f"{FIVE}.folds": ...},
    f"{FIVE}: there is no 'fold'. Did you mean 'folds'?",
)
REFUSED["a missing value"] = (
    {f"{FIVE}.features": ...},
    f"{FIVE}.features is missing",
)
REFUSED["no parameters of the features"] = (
    {f"{FIVE}.feature_parameters": ...},
    f"{FIVE}.feature_parameters is missing; write {{}} for the defaults",
)
REFUSED["a value of another type"] = (
    {"seed": "42"},
    "params.yaml: seed: must be a whole number, not '42'",
)
REFUSED["an entry without keys"] = (
    {FIVE: None},
    f"{FIVE}: must be a mapping, which has keys, not null",
)
REFUSED["an empty list"] = (
    {"datasets.tiny.sources": []},
    "datasets.tiny.sources: must have a length of at least 1, not []",
)
REFUSED["a seed that NumPy cannot take"] = (
    {"seed": 2**32},
    "params.yaml: seed: must be less than 4294967296, not 4294967296",
)
REFUSED["what is no checksum"] = (
    {"datasets.tiny.sha256.pixels": "1625"},
    "datasets.tiny.sha256.pixels: must be a SHA-256 checksum, as `digits pin` writes it, not '1625'",
)
REFUSED["names that differ only in case"] = (
    {"models.Five-SGD": tiny.params()["models"]["five-sgd"]},
    "'five-sgd' and 'Five-SGD' differ only in upper and lower case, so they would have the same "
    "files on macOS and Windows; rename one of them",
)
REFUSED["a name with an underscore"] = (
    {"tasks.not_this": {"split": "tiny"}},
    "tasks.not_this: a name must have at most 100 letters and digits, with single hyphens between them",
)
REFUSED["a name of 300 letters"] = (
    {f"models.{'a' * 300}": tiny.params()["models"]["five-sgd"]},
    f"models.{'a' * 300}: a name must have at most 100 letters and digits, with single hyphens "
    "between them",
)

# Datasets.
REFUSED["a dataset that is not pinned"] = (
    {"datasets.tiny.images": ...},
    "datasets.tiny.images is missing; run `digits pin tiny`",
)
REFUSED["names of some classes"] = (
    {"datasets.tiny.names": ["a", "b"]},
    "datasets.tiny.names must be 10 different names; `all` is reserved",
)
REFUSED["a name of two classes"] = (
    {"datasets.tiny.names": ["a", *"abcdefghi"]},
    "datasets.tiny.names must be 10 different names; `all` is reserved",
)
REFUSED["a class named all"] = (
    {"datasets.tiny.names": ["all", *"abcdefghi"]},
    "datasets.tiny.names must be 10 different names; `all` is reserved",
)

REFUSED["images of four channels"] = (
    {"datasets.tiny.shape": [8, 8, 4]},
    "datasets.tiny.shape: the third number must be 3, for colour, not [8, 8, 4]",
)
REFUSED["a side of 257 pixels"] = (
    {"datasets.tiny.shape": [8, 257]},
    "datasets.tiny.shape.1: must be less than or equal to 256, not 257",
)
REFUSED["a shape of one number"] = (
    {"datasets.tiny.shape": [64]},
    "datasets.tiny.shape: must have a length of at least 2, not [64]",
)
REFUSED["a shape of four numbers"] = (
    {"datasets.tiny.shape": [8, 8, 3, 3]},
    "datasets.tiny.shape: must have a length of at most 3, not [8, 8, 3, 3]",
)
REFUSED["more classes than a byte can number"] = (
    {"datasets.tiny.classes": 257},
    "datasets.tiny.classes: must be less than or equal to 256, not 257",
)
REFUSED["a pixel that exceeds a byte"] = (
    {"datasets.tiny.pixel_max": 256},
    "datasets.tiny.pixel_max: must be less than or equal to 255, not 256",
)
REFUSED["two kinds of sources in one item"] = (
    {"datasets.tiny.sources": [{"idx": "idx", "sklearn": "digits"}]},
    "datasets.tiny.sources.0: must have a length of at most 1, not {'idx'",
)

# Splits.
REFUSED["a split of no dataset"] = (
    {"splits.tiny.dataset": "tinny"},
    "splits.tiny.dataset: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny.",
)
REFUSED["a test size of nothing"] = (
    {"splits.tiny.test": 1.5},
    "splits.tiny.test: must be `given`, a number of images, a fraction between 0 and 1, "
    "{groups: number} or {share: fraction}, not 1.5",
)
REFUSED["a test set that did not come with the images"] = (
    {"splits.tiny.test": "given"},
    "splits.tiny.test: its dataset came without a test set; use {share: 0.25}",
)
REFUSED["an empty test set"] = (
    {"splits.tiny.test": 0},
    "{groups: number} or {share: fraction}, not 0",
)
REFUSED["all images in the test set"] = (
    {"splits.tiny.test": 400},
    "splits.tiny.test: 400 of 400 images leaves none to train on; use fewer",
)
REFUSED["groups of a dataset without groups"] = (
    {"splits.tiny.test": {"groups": 3}},
    "splits.tiny.test: its dataset has no groups; use a number of images",
)
REFUSED["all groups in the test set"] = (
    {**FOURTEEN_GROUPS, "splits.tiny.test": {"groups": 14}},
    "splits.tiny.test: 14 of 14 groups leaves none to train on; use fewer",
)

# Tasks.
REFUSED["a task of no split"] = (
    {"tasks.five.split": "tinny"},
    "tasks.five.split: there is no 'tinny'. Did you mean 'tiny'",
)
REFUSED["a class that does not exist"] = (
    {"tasks.five.positive": [15]},
    "tasks.five: there is no 15.",
)
REFUSED["the text of a class that is a number"] = (
    {"tasks.five.positive": ["5"]},
    "tasks.five: write 5, not '5'",
)
REFUSED["the number of a class that is a text"] = (
    {"datasets.tiny.names": list("0123456789")},
    "tasks.five: write '5', not 5",
)
REFUSED["a class that is positive and negative"] = (
    {"tasks.five.negative": [4, 5]},
    "tasks.five: 5 is both in `positive` and in `negative`",
)
REFUSED["negative classes without positive ones"] = (
    {"tasks.five.positive": ..., "tasks.five.negative": [4]},
    "tasks.five: `negative` needs `positive`",
)
REFUSED["an empty list of classes"] = (
    {"tasks.five.positive": []},
    "tasks.five.positive: must have a length of at least 1, not []",
)
REFUSED["a fraction as a class"] = (
    {"tasks.five.positive": [5.5]},
    "tasks.five.positive.0: must be the number or the name of a class, not 5.5",
)
REFUSED["only positive classes, one of them twice"] = (
    {"tasks.five.positive": [*range(10), 5]},
    "tasks.five: `positive` must not name all classes",
)

# Models.
REFUSED["a model of no task"] = (
    {f"{FIVE}.task": "fife"},
    f"{FIVE}.task: there is no 'fife'. Did you mean 'five'? Valid: digit, five.",
)
REFUSED["a network that is a number"] = (
    {"datasets.tiny.network": 5},
    "datasets.tiny.network: must be text, a list or a mapping, not 5",
)
REFUSED["one fold"] = (
    {f"{FIVE}.folds": 1},
    f"{FIVE}.folds: must be 0, for no cross-validation, or 2 to 100, not 1",
)
REFUSED["a threshold rule that does not exist"] = (
    {HYPERPARAMETERS: {"threshold": {"recal": 0.9}}},
    "threshold: must be a number, {recall: fraction}, {precision: fraction} or {f1: max}, "
    "not {'recal': 0.9}",
)
REFUSED["a recall of 0"] = (
    {HYPERPARAMETERS: {"threshold": {"recall": 0.0}}},
    "{precision: fraction} or {f1: max}, not {'recall': 0.0}",
)
REFUSED["an infinite threshold"] = (
    {HYPERPARAMETERS: {"threshold": float("inf")}},
    "{precision: fraction} or {f1: max}, not inf",
)
REFUSED["a threshold of ten classes"] = (
    {f"{FIVE}.task": "digit", HYPERPARAMETERS: {"threshold": 1}},
    f"{HYPERPARAMETERS}.threshold needs two labels; the task has 10",
)
REFUSED["a threshold rule without folds"] = (
    {HYPERPARAMETERS: {"threshold": {"f1": "max"}}, f"{FIVE}.folds": 0},
    f"{HYPERPARAMETERS}.threshold is chosen in cross-validation; set `folds`",
)


# What params.yaml alone cannot tell, because it depends on modules of this project and of
# scikit-learn.
REFUSED_BY_CHECK: dict[str, tuple[dict[str, Any], str]] = {}
REFUSED_BY_CHECK["a source"] = (
    {"datasets.tiny.sources": [{"fils": "own"}]},
    "datasets.tiny: sources: there is no 'fils'. Did you mean 'files'?",
)
REFUSED_BY_CHECK["features"] = (
    {f"{FIVE}.features": "normalised"},
    f"{FIVE}: features: there is no 'normalised'. Did you mean 'normalized'?",
)
REFUSED_BY_CHECK["features of colours for grey images"] = (
    {f"{FIVE}.features": "color_histogram"},
    f"{FIVE}: features: color_histogram needs images in colour; add the number 3",
)
REFUSED_BY_CHECK["gradients of images that are not square"] = (
    {f"{FIVE}.features": "hog", "datasets.tiny.shape": [4, 16]},
    f"{FIVE}: features: hog needs square images, not 4 × 16 pixels; choose other features, such "
    "as scaled, or, if the images are made from pictures, a square shape",
)
REFUSED_BY_CHECK["a parameter that the features do not have"] = (
    {f"{FIVE}.features": "scaled", f"{FIVE}.feature_parameters": {"n_component": 5}},
    f"{FIVE}: feature_parameters of scaled: there is no 'n_component'. Did you mean "
    "'n_components'? Valid: n_components, weight_beside_network.",
)
REFUSED_BY_CHECK["a weight that is not positive"] = (
    {f"{FIVE}.features": "raw", f"{FIVE}.feature_parameters": {"weight_beside_network": 0}},
    f"{FIVE}: feature_parameters of raw: weight_beside_network: must be greater than 0, not 0",
)
REFUSED_BY_CHECK["a weight of the network's features themselves"] = (
    {f"{FIVE}.features": "network", f"{FIVE}.feature_parameters": {"weight_beside_network": 1}},
    f"{FIVE}: feature_parameters of network: there is no 'weight_beside_network'. Valid: none.",
)
REFUSED_BY_CHECK["deformed copies of a network's features"] = (
    {
        f"{FIVE}.features": "hog",
        f"{FIVE}.feature_parameters": {"weight_beside_network": 1},
        f"{FIVE}.classifier": "augmented_svc",
        HYPERPARAMETERS: {},
    },
    f"{FIVE}: classifier: augmented_svc takes pixels, not a network's features",
)
REFUSED_BY_CHECK["a parameter of the features that is too small"] = (
    {f"{FIVE}.features": "hog", f"{FIVE}.feature_parameters": {"orientations": 2}},
    f"{FIVE}: feature_parameters of hog: orientations: must be greater than or equal to 3, not 2",
)
REFUSED_BY_CHECK["a step that is too large"] = (
    {f"{FIVE}.features": "hog", f"{FIVE}.feature_parameters": {"step": 8}},
    f"{FIVE}: feature_parameters of hog: step: must be less than 8, not 8",
)
REFUSED_BY_CHECK["a parameter of the features of another type"] = (
    {f"{FIVE}.features": "raw", f"{FIVE}.feature_parameters": {"sparse": "yes"}},
    f"{FIVE}: feature_parameters of raw: sparse: must be true or false, not 'yes'",
)
REFUSED_BY_CHECK["a classifier in the module of other features"] = (
    {f"{FIVE}.features": "raw", f"{FIVE}.classifier": "digits.features.hog.Boost"},
    f"{FIVE}: classifier: digits.features.hog.Boost needs `features: hog`, not raw",
)
REFUSED_BY_CHECK["copies of images that are not square"] = (
    {
        f"{FIVE}.features": "raw",
        f"{FIVE}.classifier": "augmented_svc",
        HYPERPARAMETERS: {},
        "datasets.tiny.shape": [16, 4],
    },
    "augmented_svc deforms grey, square images only",
)
REFUSED_BY_CHECK["a classifier"] = (
    {f"{FIVE}.classifier": "svm.SCV"},
    "there is no 'svm.SCV'. Did you mean 'svm.SVC' or",
)
REFUSED_BY_CHECK["an abstract class"] = (
    {f"{FIVE}.classifier": "linear_model._stochastic_gradient.BaseSGDClassifier"},
    "there is no 'linear_model._stochastic_gradient.BaseSGDClassifier'.",
)
REFUSED_BY_CHECK["a hyperparameter"] = (
    {HYPERPARAMETERS: {"los": "hinge"}},
    "there is no 'los'. Did you mean 'loss'",
)
REFUSED_BY_CHECK["a shape of the scores"] = (
    {f"{FIVE}.classifier": "svm.SVC", HYPERPARAMETERS: {"decision_function_shape": "ovo"}},
    "there is no 'decision_function_shape'.",
)
for reserved in ["n_jobs", "random_state", "warm_start"]:
    REFUSED_BY_CHECK[f"the reserved hyperparameter {reserved}"] = (
        {HYPERPARAMETERS: {reserved: True}},
        f"there is no '{reserved}'.",
    )
REFUSED_BY_CHECK["features as a hyperparameter"] = (
    {f"{FIVE}.classifier": "augmented_svc", HYPERPARAMETERS: {"features": "raw"}},
    "there is no 'features'.",
)
REFUSED_BY_CHECK["passes of a classifier without partial_fit"] = (
    {f"{FIVE}.classifier": "svm.SVC", HYPERPARAMETERS: {"passes": 1}},
    "hyperparameters of svm.SVC: `passes` needs a classifier with `partial_fit`",
)
REFUSED_BY_CHECK["a value of a hyperparameter"] = (
    {HYPERPARAMETERS: {"loss": "hing"}},
    "The 'loss' parameter of SGDClassifier must be a str among",
)


@pytest.mark.parametrize(("changes", "line"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_one_line_of_check_and_of_a_stage(
    tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    tiny.edit(tmp_path, changes)
    error = failure(tmp_path, "check")
    assert error.startswith("Error: params.yaml: ")
    assert line in error
    assert failure(tmp_path, "split", "tiny") == error


@pytest.mark.parametrize("stage", tiny.ONE_OF_EACH)
def test_each_stage_refuses_a_mistake_before_any_work(tmp_path: Path, stage: str) -> None:
    # The mistake is in no entry that any of these stages reads.
    tiny.edit(tmp_path, {"models.digit-logreg.folds": 1})
    before = tiny.files(tmp_path)
    line = failure(tmp_path, *stage.split("@"))
    assert line.startswith("Error: params.yaml: models.digit-logreg.folds: must be 0, ")
    assert tiny.files(tmp_path) == before


@pytest.mark.parametrize(("changes", "line"), REFUSED_BY_CHECK.values(), ids=REFUSED_BY_CHECK)
def test_a_mistake_that_the_file_alone_cannot_tell_is_one_line_of_check(
    tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    tiny.edit(tmp_path, changes)
    error = failure(tmp_path, "check")
    assert error.startswith("Error: params.yaml: ")
    assert line in error


def test_another_number_of_classes_than_the_images_have_is_one_line(project: Path) -> None:
    tiny.edit(project, {"datasets.tiny.classes": 9})
    assert "number of classes: 10, expected 9; if that is right" in failure(
        project, "fetch", "tiny"
    )
    # The results are of ten classes still.
    reason = "digit-logreg predicts 10 labels, but its task has 9 now; correct `classes`"
    for words in [
        ["predict", "--model", "digit-logreg", "a.png"],
        ["show", "tiny", "9", "--predictions", "digit-logreg"],
        ["report", "--models", "digit-logreg"],
    ]:
        assert reason in call(project, *words, status=1).stderr


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
        {"datasets.tiny.classes": 256},
        {"tasks.five.positive": [*range(9), 5]},
        {**FOURTEEN_GROUPS, "splits.tiny.test": {"groups": 13}},
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


def test_two_classes_may_have_a_threshold_without_a_positive_one() -> None:
    threshold = {f"{FIVE}.task": "digit", HYPERPARAMETERS: {"threshold": 1}}
    params_file.validate(
        tiny.params({"datasets.tiny.classes": 2, "tasks.five.positive": [1], **threshold})
    )


@pytest.mark.parametrize(("n_names", "is_listed"), [(12, True), (13, False)])
def test_a_few_valid_names_are_listed_and_many_are_not(n_names: int, is_listed: bool) -> None:
    names = [f"name-{number}" for number in range(n_names)]
    error = unknown_choice_error("models", "nosuch", names)
    assert error.message.startswith("models: there is no 'nosuch'.")
    assert ("Valid: " in error.message) == is_listed


def test_of_a_long_value_only_the_beginning_is_shown(tmp_path: Path) -> None:
    tiny.edit(tmp_path, {"seed": "4" * 90})
    assert failure(tmp_path, "check").endswith(f"must be a whole number, not '{'4' * 79}")


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


def test_an_unknown_name_is_one_line(tmp_path: Path) -> None:
    tiny.edit(tmp_path, {})
    line = "Error: params.yaml: there is no 'five-sdg'."
    similar = "Did you mean 'five-sgd'? Valid: digit-logreg, five-sgd."
    assert failure(tmp_path, "train", "five-sdg") == f"{line} {similar}"


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
    text, values = [
        (tiny.ROOT / path).read_text(encoding="utf-8")
        for path in (params_file.FILE, recorded.FILE)
    ]
    content = recorded.add_to(params_file.parse(text), values)
    assert params_file.validate(content).model_dump(exclude_unset=True) == content


def test_the_reserved_name_is_that_of_all_images() -> None:
    # It stands twice: DVC would not notice an edit of the schema that changes an output.
    assert metrics.OVERALL == params.RESERVED_NAME
