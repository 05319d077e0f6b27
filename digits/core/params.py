"""The schema of params.yaml.

Its entries build on each other: dataset → split → task → model.

The string below each key is its description, in Markdown. `make reference` writes the
descriptions to docs/reference/params.md.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from digits.core.errors import UserError, check_choice, unknown_choice

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FILE = Path("params.yaml")
MAX_FOLDS = 100

# The keys of a dataset that `digits pin` writes.
PINNED_KEYS = {"images", "classes", "groups", "sha256"}

# Keys of older versions of params.yaml, and what became of them.
OLD_KEYS = {
    "experiments": "is now called `models`",
    "mixes": "no longer exists",
    "maximum": "is now called `pixel_max`",
}

# What is allowed for keys whose values may have one of several types. The messages of pydantic
# would mention only one of the types.
UNION_MESSAGES = {
    "test": (
        "must be a number of images, a fraction between 0 and 1, {groups: number} or "
        "{share: fraction}"
    ),
    "threshold": "must be a number, {recall: fraction}, {precision: fraction} or {f1: max}",
    "folds": f"must be 0, for no cross-validation, or 2 to {MAX_FOLDS}",
}

Name = Annotated[str, Field(pattern="^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=100)]
Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
FractionOrOne = Annotated[float, Field(gt=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
PathPair = Annotated[list[str], Field(min_length=2, max_length=2)]
Source = Annotated[dict[str, str], Field(min_length=1, max_length=1)]
Classes = Annotated[list[int | str], Field(min_length=1)]
Folds = Literal[0] | Annotated[int, Field(ge=2, le=MAX_FOLDS)]


class Entry(BaseModel):
    """A part of params.yaml. Unknown keys are errors, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LastGroups(Entry):
    """The test set is the images of the last groups."""

    groups: Count
    """The number of groups in the test set. The test set is the images of the last groups.

    The dataset must have groups, and more of them than this number.
    """


class ChecksumShare(Entry):
    """The test set is chosen by the checksums of the images, or of the groups."""

    share: Fraction
    """The fraction of each class that is the test set, rounded up to a number of images.

    If the dataset has groups, it is the fraction of the groups.

    The images, or the groups, are chosen by the checksums of their pixels. A new image
    therefore moves at most one other image of its class between the training set and the test
    set.
    """


TestSize = Count | Fraction | LastGroups | ChecksumShare


class MinRecall(Entry):
    """The decision threshold has the best precision with at least this recall."""

    recall: FractionOrOne
    """The minimum recall, as a fraction.

    Of all thresholds with at least this recall, the one with the best precision is chosen.
    """


class MinPrecision(Entry):
    """The decision threshold has the best recall with at least this precision."""

    precision: FractionOrOne
    """The minimum precision, as a fraction.

    Of all thresholds with at least this precision, the one with the best recall is chosen.
    """


class MaxF1(Entry):
    """The decision threshold has the best F1."""

    f1: Literal["max"]
    """The threshold with the best F1 score is chosen."""


Threshold = FiniteFloat | MinRecall | MinPrecision | MaxF1


class DatasetParams(Entry):
    """An entry of `datasets`: a table of images."""

    images: Count
    """The number of images. `digits pin` writes this key."""

    shape: Annotated[
        list[Annotated[int, Field(ge=1, le=256)]], Field(min_length=2, max_length=2)
    ]
    """The height and the width of each image, 1 to 256 pixels.

    Pictures are resized to this shape. Their aspect ratio is kept. For example:

    ```yaml
    shape:
    - 28
    - 28
    ```
    """

    classes: Annotated[int, Field(ge=1, le=256)]
    """The number of classes, which are numbered from 0. `digits pin` writes this key."""

    groups: Count | None = None
    """The number of groups, if the source divides the images into groups.

    A group is, for example, all images by one writer. A group is never divided between the
    training set and the test set, or between two folds. `digits pin` writes this key.
    """

    names: list[str] | None = None
    """The names of the classes, in the order of their numbers.

    `digits pin` writes this key if the source gives names to the classes. Otherwise you can
    write it yourself. The names must differ from each other, and none may be `all`.
    """

    pixel_max: Annotated[int, Field(ge=1, le=255)] = 255
    """The largest value that a pixel can have. The digits of scikit-learn have 16."""

    sources: Annotated[list[Source], Field(min_length=1)]
    """The sources of the images.

    Each item is a kind of source and a place. The sources are tried in order, until one of them
    has the images whose checksums are in `sha256`.

    - `sklearn: digits`: the digits in scikit-learn. They need no network.
    - `idx: PLACE`: files in the IDX format of MNIST. The place is a folder or an HTTP address.
    - `openml: NAME/VERSION`: a dataset on OpenML, such as `mnist_784/1`.
    - `folder: FOLDER`: pictures, in a subfolder for each class. The subfolder may have
      subfolders for groups.
    - `handwriting: FOLDER`: the same, for photos of single digits on paper. Each digit is
      converted to the style of MNIST. This source is part of the optional component
      `handwriting`.
    - `table: FILE`: a CSV or parquet file with one row per image. The column `class` or `label`
      has the class, and the optional column `group` the group. If there is a column `file`, it
      has the paths of pictures, relative to the folder of the table. Otherwise all other
      columns have the pixels.

    If the environment variable `DATA_MIRROR` is set, it is tried before the sources that need a
    network. It names a folder or an HTTP address. The IDX files of a dataset are in the
    subfolder that has the dataset's name. For example:

    ```yaml
    sources:
    - idx: https://ossci-datasets.s3.amazonaws.com/mnist/
    - openml: mnist_784/1
    ```
    """

    files: list[PathPair] | None = None
    """The names of the files of the source `idx`.

    Each item is a pair: the file of the images, and the file of their labels. The default is
    the names of MNIST's four files. For example:

    ```yaml
    files:
    - - letters-images.gz
      - letters-labels.gz
    ```
    """

    sha256: dict[Literal["pixels", "labels", "groups"], Sha256]
    """The SHA-256 checksums of the images.

    The keys are `pixels`, `labels` and, if the dataset has groups, `groups`. The stage `fetch`
    fails if the images have other checksums. `digits pin` writes this key.
    """

    @property
    def class_names(self) -> Sequence[int | str]:
        """The names of the classes, or their numbers if they have no names."""
        return self.names or range(self.classes)


class SplitParams(Entry):
    """An entry of `splits`: a dataset, and which of its images are the test set."""

    dataset: str
    """The name of the dataset that is divided."""

    test: TestSize
    """The test set. All other images are the training set, which is shuffled.

    - A whole number, such as `test: 10000`: the last 10,000 images. If the dataset has groups,
      the number must not divide a group.
    - A fraction, such as `test: 0.2`: 20 % of the images, chosen at random. If the dataset has
      groups, it is 20 % of the groups.
    - One of the keys `groups` and `share`. For example:

      ```yaml
      test:
        groups: 3
      ```
    """


class TaskParams(Entry):
    """An entry of `tasks`: a split, and the labels of its images.

    Without `positive` classes, the label is the class. With them, the label is 1 for these
    classes and 0 for the `negative` ones, or for all others if there are no `negative` ones.
    """

    split: str
    """The name of the split whose images are labelled."""

    positive: Classes | None = None
    """The classes with the label 1. Without `negative`, all other classes have the label 0.

    Without this key, the label of an image is its class. If the dataset has `names`, the
    classes are these names. Otherwise they are numbers. At least one class must be left out.
    For example:

    ```yaml
    positive:
    - 0
    - 1
    ```
    """

    negative: Classes | None = None
    """The classes with the label 0.

    The images of all classes that are neither in `positive` nor in `negative` are left out of
    the task. This key needs `positive`.
    """


class Hyperparameters(Entry, extra="allow"):
    """The arguments of the classifier, and the decision threshold."""

    threshold: Threshold | None = None
    """The score from which a model predicts the label 1. The task must have two labels.

    Without this key, a model predicts the label 1 if `decision_function` is above 0. If the
    classifier has no `decision_function`, it predicts the label 1 if `predict_proba` is above
    0.5.

    - A number, such as `threshold: -0.5`, is the threshold itself.
    - One of the keys `recall`, `precision` and `f1` is a rule by which the threshold is chosen
      on the cross-validated scores. A rule needs `folds`. For example:

      ```yaml
      threshold:
        recall: 0.9
      ```
    """


class ModelParams(Entry):
    """An entry of `models`: a model for a task."""

    description: str
    """One sentence about the model. If you edit it, DVC does not train the model again."""

    tutorial: str | None = None
    """The title of the tutorial that has this model, and the accuracy that it reports.

    The pipeline does not use this key.
    """

    task: str
    """The name of the task that the model is trained for."""

    features: str
    """The features that the classifier learns from.

    The value is the name of a module in `digits/features`, without `.py`, such as `raw` or
    `hog_pca60`. The first line of each module describes its features.
    """

    classifier: str
    """The classifier, in one of three forms.

    - A class of scikit-learn, by its import path without the leading `sklearn.`, such as
      `svm.SVC` or `linear_model.LogisticRegression`.
    - `one_vs_rest_svc`: an `svm.SVC` for each class against all other classes.
    - `augmented_svc`: the same, with the kernel `rbf`, fitted also on deformed copies of
      the training images. The images must be square. Its hyperparameters are `n_copies`, the
      number of copies of each image near the border of a class, `C`, `C_copies`, which is used
      instead of `C` once the copies are added, and `gamma`.
    """

    hyperparameters: Hyperparameters
    """The arguments of the classifier, such as `C: 10`, and optionally `threshold`.

    Write `{}` for the classifier's defaults. `random_state` is always the value of `seed`. The
    arguments `decision_function_shape`, `n_jobs`, `verbose` and `warm_start` cannot be set.
    """

    folds: Folds
    """The number of folds of the cross-validation on the training set, or 0 for none.

    The folds are stratified by label. Each label needs at least as many training images as
    there are folds. If the dataset has groups, the training set needs at least as many groups.
    """


# The type of the entries of each section.
ENTRY_TYPES: dict[str, type[Entry]] = {
    "datasets": DatasetParams,
    "splits": SplitParams,
    "tasks": TaskParams,
    "models": ModelParams,
}

EntryType = TypeVar("EntryType", bound=Entry)


class Params(Entry):
    """The content of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    """The seed of the random numbers for shuffling, random splits and training."""

    datasets: dict[Name, DatasetParams]
    """Each entry is a dataset of labelled images.

    A new entry needs only `sources` and `shape`. `digits pin NAME` then fetches the images, and
    writes the keys that describe them.
    """

    splits: dict[Name, SplitParams]
    """Each entry divides a dataset into a training set and a test set."""

    tasks: dict[Name, TaskParams]
    """Each entry gives a label to each image of a split."""

    models: dict[Name, ModelParams]
    """Each entry is a model for a task, and a row of the leaderboard."""

    @model_validator(mode="after")
    def _check_entries(self) -> Self:
        for name, dataset in self.datasets.items():
            _check_class_names(f"{FILE}: datasets.{name}.names", dataset)
            _check_group_count(f"{FILE}: datasets.{name}.groups", name, dataset)
        for name, split in self.splits.items():
            check_choice(f"{FILE}: splits.{name}.dataset", split.dataset, self.datasets)
            dataset = self.datasets[split.dataset]
            _check_test_size(f"{FILE}: splits.{name}.test", split.test, dataset)
        for name, task in self.tasks.items():
            check_choice(f"{FILE}: tasks.{name}.split", task.split, self.splits)
            _check_task_classes(f"{FILE}: tasks.{name}", task, self.dataset_of_task(name))
        for name, model in self.models.items():
            check_choice(f"{FILE}: models.{name}.task", model.task, self.tasks)
            self._check_model(f"{FILE}: models.{name}", model)
        return self

    def _check_model(self, where: str, model: ModelParams) -> None:
        task = self.tasks[model.task]
        dataset = self.dataset_of_task(model.task)
        n_labels = 2 if task.positive else dataset.classes
        _check_threshold(f"{where}.hyperparameters.threshold", model, n_labels)
        max_folds = _max_folds(self.splits[task.split].test, dataset, n_labels)
        if model.folds > max_folds:
            allowed = f"0, or 2 to {max_folds}" if max_folds >= 2 else "0"
            raise UserError(
                f"{where}.folds: {model.folds}; allowed: {allowed}, because each fold needs an "
                "image of each label, and a group if there are groups"
            )

    def dataset(self, name: str) -> DatasetParams:
        """Return the entry of a dataset.

        Raises:
            UserError: there is no dataset of this name.
        """
        return _look_up(self.datasets, name)

    def split(self, name: str) -> SplitParams:
        """Return the entry of a split.

        Raises:
            UserError: there is no split of this name.
        """
        return _look_up(self.splits, name)

    def task(self, name: str) -> TaskParams:
        """Return the entry of a task.

        Raises:
            UserError: there is no task of this name.
        """
        return _look_up(self.tasks, name)

    def model(self, name: str) -> ModelParams:
        """Return the entry of a model.

        Raises:
            UserError: there is no model of this name.
        """
        return _look_up(self.models, name)

    def task_classes(self, task_name: str) -> tuple[list[int] | None, list[int] | None]:
        """Return the numbers of a task's positive and negative classes.

        Each is None if the task doesn't name any.
        """
        task = self.tasks[task_name]
        class_names = self.dataset_of_task(task_name).class_names
        positive = None
        negative = None
        if task.positive is not None:
            positive = [class_names.index(name) for name in task.positive]
        if task.negative is not None:
            negative = [class_names.index(name) for name in task.negative]
        return positive, negative

    def dataset_name_of_task(self, task_name: str) -> str:
        """Return the name of the dataset whose images a task labels."""
        return self.splits[self.tasks[task_name].split].dataset

    def dataset_of_task(self, task_name: str) -> DatasetParams:
        """Return the entry of the dataset whose images a task labels."""
        return self.datasets[self.dataset_name_of_task(task_name)]


def load() -> Params:
    """Read and validate params.yaml.

    Raises:
        UserError: there is a mistake. The message describes the first one.
    """
    return validate(Params, read_yaml())


def read_yaml(text: str | None = None) -> dict[str, Any]:
    """Read params.yaml, or a given text, with the YAML parser that DVC uses.

    Raises:
        UserError: the file is missing, or not YAML.
    """
    if text is None:
        if not FILE.exists():
            raise UserError(f"{FILE} was not found; run from the folder that holds it")
        text = FILE.read_text(encoding="utf-8")
    try:
        content = YAML(typ="safe").load(text)
    except (YAMLError, ValueError) as error:
        raise UserError(f"{FILE} is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{FILE} has no named sections")
    return content


def validate(schema: type[EntryType], values: Any, *location: str) -> EntryType:
    """Validate the values at a location of params.yaml, such as ("datasets", "mnist").

    Raises:
        UserError: there is a mistake. The message describes the first one.
    """
    try:
        return schema.model_validate(values)
    except ValidationError as invalid:
        errors = invalid.errors()
    # An unknown key may be a misspelling of a key that is missing, so it is reported first.
    unknown_keys = [error for error in errors if error["type"] == "extra_forbidden"]
    first = unknown_keys[0] if unknown_keys else errors[0]
    raise _readable_error(first, values, location)


def _look_up(entries: Mapping[str, EntryType], name: str) -> EntryType:
    check_choice(str(FILE), name, entries)
    return entries[name]


def _check_class_names(where: str, dataset: DatasetParams) -> None:
    if dataset.names is None:
        return
    are_unique = len(set(dataset.names)) == len(dataset.names)
    is_complete = len(dataset.names) == dataset.classes
    if not are_unique or not is_complete or "all" in dataset.names:
        raise UserError(f"{where} must be {dataset.classes} different names, not `all`")


def _check_group_count(where: str, name: str, dataset: DatasetParams) -> None:
    has_groups = "groups" in dataset.sha256
    if has_groups and dataset.groups is None:
        raise UserError(f"{where} is missing; run `digits pin {name}`")
    if dataset.groups is not None and not has_groups:
        raise UserError(f"{where}: sha256 has no groups; run `digits pin {name}`")


def _count_test_items(test: TestSize, total: int) -> int:
    """Return how many of all images, or of all groups, are the test set."""
    if isinstance(test, int):
        return test
    if isinstance(test, LastGroups):
        return test.groups
    fraction = test.share if isinstance(test, ChecksumShare) else test
    return math.ceil(fraction * total)


def _check_test_size(where: str, test: TestSize, dataset: DatasetParams) -> None:
    total = dataset.images
    unit = "images"
    if isinstance(test, LastGroups) and dataset.groups is None:
        raise UserError(f"{where}: its dataset has no groups; use a number of images")
    if not isinstance(test, int) and dataset.groups is not None:
        total = dataset.groups
        unit = "groups"
    n_test = _count_test_items(test, total)
    if n_test >= total:
        raise UserError(
            f"{where}: {n_test} of {total} {unit} leaves none to train on; "
            f"allowed: 1 to {total - 1}"
        )


def _max_folds(test: TestSize, dataset: DatasetParams, n_labels: int) -> int:
    """Return an upper bound on the number of folds.

    The exact limit, the number of training images of the rarest label, depends on the data.
    """
    if dataset.groups is None:
        n_train_images = dataset.images - _count_test_items(test, dataset.images)
        return n_train_images // n_labels
    if isinstance(test, int):
        n_train_images = dataset.images - test
        return min(n_train_images // n_labels, dataset.groups - 1)
    n_train_groups = dataset.groups - _count_test_items(test, dataset.groups)
    return min(dataset.images // n_labels, n_train_groups)


def _check_task_classes(where: str, task: TaskParams, dataset: DatasetParams) -> None:
    positive = task.positive or []
    negative = task.negative or []
    for class_name in [*positive, *negative]:
        check_choice(where, class_name, dataset.class_names)
    if negative and not positive:
        raise UserError(f"{where}: `negative` needs `positive`")
    in_both = [class_name for class_name in positive if class_name in negative]
    if in_both:
        raise UserError(f"{where}: {in_both[0]!r} is both in `positive` and in `negative`")
    if len(set(positive)) == dataset.classes:
        raise UserError(f"{where}: `positive` must not name all classes")


def _check_threshold(where: str, model: ModelParams, n_labels: int) -> None:
    threshold = model.hyperparameters.threshold
    if threshold is None:
        return
    if n_labels != 2:
        raise UserError(f"{where} needs two labels; the task has {n_labels}")
    is_rule = isinstance(threshold, Entry)
    if is_rule and model.folds == 0:
        raise UserError(f"{where} is chosen in cross-validation; set `folds`")


def _readable_error(error: ErrorDetails, values: Any, location: Sequence[str]) -> UserError:
    """Return a UserError that says in the words of params.yaml what pydantic found.

    Args:
        error: an error in the values.
        values: what was validated.
        location: the location of the values in params.yaml.
    """
    keys = [*location, *(str(key) for key in error["loc"])]
    where = f"{FILE}: {'.'.join(keys)}"
    value = values
    for index, key in enumerate(error["loc"], start=len(location)):
        if not isinstance(value, dict) or key not in value:
            break
        value = value[key]
        is_key_of_entry = index >= 2  # after a section and the name of an entry
        if is_key_of_entry and key in UNION_MESSAGES:
            up_to_key = ".".join(keys[: index + 1])
            return UserError(f"{FILE}: {up_to_key}: {UNION_MESSAGES[key]}, not {value!r:.80}")
    if error["type"] == "extra_forbidden":
        return _unknown_key_error(keys)
    if error["type"] == "missing":
        is_pinned = len(keys) == 3 and keys[-1] in PINNED_KEYS
        hint = f"; run `digits pin {keys[1]}`" if is_pinned else ""
        return UserError(f"{where} is missing{hint}")

    message = error["msg"].replace("Input should", "must")
    if keys[-1] == "[key]":  # pydantic's mark of an invalid key of a dictionary
        where = where.removesuffix(".[key]")
        if len(keys) == 3:
            message = "a name has at most 100 letters, digits and single hyphens"
    return UserError(f"{where}: {message}, not {error['input']!r:.80}")


def _unknown_key_error(keys: Sequence[str]) -> UserError:
    """Return a UserError about a key that the schema does not have."""
    key = keys[-1]
    if key in OLD_KEYS:
        return UserError(
            f"{FILE}: `{key}` {OLD_KEYS[key]}; CHANGELOG.md says how to upgrade this file"
        )
    if len(keys) == 1:
        return unknown_choice(str(FILE), key, Params.model_fields)
    section = keys[0]
    return unknown_choice(
        f"{FILE}: {'.'.join(keys[:-1])}", key, ENTRY_TYPES[section].model_fields
    )
