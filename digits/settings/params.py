"""The schema of params.yaml.

The entries build on each other: dataset → split → task → model.

The string below a key is its description, in Markdown. `make reference` copies it to
docs/reference/params.md.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveInt,
    ValidationError,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from digits.messages.errors import unknown_choice_error

MAX_FOLDS = 100

N_CHANNELS = 3  # of an image in colour: red, green and blue

# No class can have this name, because it stands for all images in the tables of metrics.
RESERVED_NAME = "all"

CHECKSUMS = ["pixels", "labels", "groups", "files", "test"]  # the keys of `sha256`


def with_message(message: str) -> WrapValidator:
    """Return a validator that replaces pydantic's errors by one message.

    If a value may have one of several types, pydantic reports an error for each type.
    """

    def check(value: Any, validate: Callable[[Any], Any]) -> Any:
        try:
            return validate(value)
        except ValidationError:
            raise PydanticCustomError("not_allowed", message) from None

    return WrapValidator(check)


def _check_shape(shape: list[int]) -> list[int]:
    """Check that images have no channels, or three."""
    if len(shape) == 3 and shape[2] != N_CHANNELS:
        raise PydanticCustomError(
            "channels", f"the third number must be {N_CHANNELS}, for colour"
        )
    return shape


def _check_class_names(names: list[str]) -> list[str]:
    """Check that names of classes differ, and that none is reserved."""
    if len(set(names)) != len(names) or RESERVED_NAME in names:
        raise PydanticCustomError("names", "must be different names; `all` is reserved")
    return names


Name = Annotated[
    str,
    Field(pattern="^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=100),
    with_message(
        "a name must have at most 100 letters and digits, with single hyphens between them"
    ),
]
Fraction = Annotated[float, Field(gt=0, lt=1)]
FractionOrOne = Annotated[float, Field(gt=0, le=1)]
Side = Annotated[int, Field(ge=1, le=256)]
Shape = Annotated[list[Side], Field(min_length=2, max_length=3), AfterValidator(_check_shape)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
ClassNames = Annotated[list[str], AfterValidator(_check_class_names)]
ChecksumKey = Annotated[str, Field(pattern=f"^({'|'.join(CHECKSUMS)})$")]
PathPair = Annotated[list[str], Field(min_length=2, max_length=2)]
SourceEntry = Annotated[dict[str, str], Field(min_length=1, max_length=1)]
Class = Annotated[int | str, with_message("must be the number or the name of a class")]
Classes = Annotated[list[Class], Field(min_length=1)]
# A value that another package checks, when it uses it.
Opaque = Annotated[
    str | list[Any] | dict[str, Any], with_message("must be text, a list or a mapping")
]
Folds = Annotated[
    Literal[0] | Annotated[int, Field(ge=2, le=MAX_FOLDS)],
    with_message(f"must be 0, for no cross-validation, or 2 to {MAX_FOLDS}"),
]


class Entry(BaseModel):
    """A part of params.yaml. Unknown keys are errors, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LastGroups(Entry):
    """The form `{groups: number}` of a test size."""

    groups: PositiveInt


class ChecksumShare(Entry):
    """The form `{share: fraction}` of a test size."""

    share: Fraction


TestSize = Annotated[
    Literal["given"] | PositiveInt | Fraction | LastGroups | ChecksumShare,
    with_message(
        "must be `given`, a number of images, a fraction between 0 and 1, {groups: number} or "
        "{share: fraction}"
    ),
]


class MinRecall(Entry):
    """The form `{recall: fraction}` of a threshold."""

    recall: FractionOrOne


class MinPrecision(Entry):
    """The form `{precision: fraction}` of a threshold."""

    precision: FractionOrOne


class MaxF1(Entry):
    """The form `{f1: max}` of a threshold."""

    f1: Literal["max"]


Threshold = Annotated[
    FiniteFloat | MinRecall | MinPrecision | MaxF1,
    with_message("must be a number, {recall: fraction}, {precision: fraction} or {f1: max}"),
]


class DatasetParams(Entry):
    """An entry of `datasets`: a table of images."""

    shape: Shape
    """The height and the width of each image, 1 to 256 pixels each. With a third number, which
    is always 3, the images are in colour. Otherwise they are grey.

    Pictures are resized to this shape. Their aspect ratio is kept, and the space at the sides
    gets the median colour of the picture's edge.
    """

    names: ClassNames | None = None
    """The names of the classes, in the order of their numbers.

    If the source gives no names to the classes, or only numbers, you can write names into
    `params.yaml` yourself. All names must differ, and none may be `all`. If the source has
    other names, `fetch` refuses this key.
    """

    pixel_max: Annotated[int, Field(ge=1, le=255)] | None = None
    """The largest value that a pixel can have: 255 without this key, and 16 for scikit-learn's
    digits.
    """

    white: PositiveInt | None = None
    """The value that becomes white in pictures of more than 8 bits per pixel, such as 4095 for
    12 bits. Larger values are white, too. Without this key, each picture has its own scale, of
    12 or 16 bits.
    """

    transpose: bool | None = None
    """Whether to swap the rows and the columns of all images. In some datasets, such as EMNIST,
    the images lie on their side.
    """

    layout: Opaque | None = None
    """The [layout](../../packages/image-layouts/docs/layout.md) of the files of the sources
    `files` and `handwriting`, such as `'{group}/{class}/*'`.
    """

    sources: Annotated[list[SourceEntry], Field(min_length=1)]
    """The sources of the images.

    Each item has one key, the [kind of the source](#kinds-of-sources). Its value is the path,
    the address or the name of the images. The sources are tried in order, until one of them has
    the images, with the checksums in `sha256` if there are any. For example:

    ```yaml
    sources:
    - idx: https://ossci-datasets.s3.amazonaws.com/mnist/
    - openml: mnist_784/1
    ```
    """

    network: Opaque | None = None
    """[Networks](../../packages/picture-networks/docs/network.md#the-key-network) that were
    trained on other pictures. They compute features of each picture.
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

    sha256: dict[ChecksumKey, Sha256] | None = None
    """The SHA-256 checksums that downloaded images must have. The stage `fetch` writes those of
    the `pixels` and the `labels` and, if there are any, of the names of the `groups`, of the
    picture `files` and of the `test` set into `data/datasets/NAME.yaml`. Copy them from there.
    """

    @property
    def is_color(self) -> bool:
        """Whether the images are in colour."""
        return len(self.shape) == 3


def list_addresses(sources: list[SourceEntry]) -> list[tuple[str, str]]:
    """Return the kind and the address of each source, such as `("idx", "own")`."""
    return [item for source in sources for item in source.items()]


class SplitParams(Entry):
    """An entry of `splits`: a dataset, and which of its images are the test set."""

    dataset: str
    """The name of the dataset that is divided."""

    test: TestSize
    """The test set. All other images are the training set, which is shuffled.

    - A whole number, such as `test: 10000`: the last 10,000 images. If the dataset has groups,
      the boundary must fall between two groups.
    - A fraction, such as `test: 0.2`: 20 % of the images, chosen at random. If the dataset has
      groups, it is 20 % of the groups.
    - `test: given`: the test set that came with the images. If the dataset has `sha256`, it
      needs the checksum `test`.
    - The key `groups`: the images of the last groups, three in this example:

      ```yaml
      test:
        groups: 3
      ```

    - The key `share`: a fraction of each class, rounded up to whole images. If the dataset has
      groups, it is the fraction of the groups. The images are chosen by the checksums of their
      files or pixels, and the groups by the checksums of their names. Adding pictures therefore
      hardly changes the split, and another `shape` does not change it.
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

    Without this key, the label of an image is its class. Write the names of the classes if the
    dataset has `names`, and otherwise their numbers. The list must not contain all classes.
    """

    negative: Classes | None = None
    """The classes with the label 0. All classes that are neither in `positive` nor in
    `negative` are left out of the task. This key needs `positive`.
    """


class Hyperparameters(Entry, extra="allow"):
    """The arguments of the classifier, and the decision threshold."""

    threshold: Threshold | None = None
    """The *decision threshold*: the lowest score at which a model predicts the label 1. The
    task must have two labels.

    Without this key, a model predicts the label 1 if `decision_function` is above 0 or, if the
    classifier has no `decision_function`, if `predict_proba` is above 0.5. The value is a
    number, such as `threshold: -0.5`, or one of three rules, by which the threshold is chosen
    on the cross-validated scores:

    - `recall`: the threshold with the best precision, of all with at least this recall
    - `precision`: the threshold with the best recall, of all with at least this precision
    - `f1: max`: the threshold with the best F1 score

    For example:

    ```yaml
    threshold:
      recall: 0.9
    ```
    """

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the classifier: all keys but `threshold`."""
        return self.model_extra or {}


class ModelParams(Entry):
    """An entry of `models`: a model for a task."""

    description: str
    """One sentence about the model. If you edit it, DVC does not train the model again."""

    tutorial: str | None = None
    """The tutorial with this task, and the accuracy of its corrected code, for the report."""

    task: str
    """The name of the task that the model is trained for."""

    features: str
    """The [features](#sets-of-features) that the classifier learns from: the name of a module
    in `digits/features`, such as `hog`.
    """

    feature_parameters: dict[str, Any]
    """The parameters of the features, such as `n_components: 40`. Write `{}` for the defaults.

    All features but `network` also have the parameter `weight_beside_network`. With it, the
    classifier learns from the features of the dataset's `network`, too. Both sets of features
    are scaled to the norm 1. The features from the pixels are then multiplied by the weight,
    such as 0.5. `n_components` is the number of principal components of both sets together.
    """

    classifier: str
    """The classifier, in one of these forms.

    - A class of scikit-learn, by its import path without the leading `sklearn.`, such as
      `svm.SVC`.
    - A class of [another package](../extending.md#add-a-classifier-of-another-package), by its
      import path, such as `xgboost.XGBClassifier`.
    - `one_vs_rest_svc`: an `svm.SVC` for each class against all other classes.
    - `augmented_svc`: the same, with the kernel `rbf`, fitted also on deformed copies of
      the training images. The images must be square and grey, and the features must not be
      sparse. It has these hyperparameters:

      - `n_copies`: the number of copies of each image near the decision boundary of a
        class, 4 by default
      - `C`, 1 by default, and `gamma`, `scale` by default
      - `C_copies`: replaces `C` once the copies are added, the value of `C` by default
    """

    hyperparameters: Hyperparameters
    """The arguments of the classifier, such as `C: 10`, and optionally `threshold`.
    Write `{}` for the classifier's defaults.

    `break_ties`, an argument of `svm.SVC`, `svm.NuSVC` and `one_vs_rest_svc`, defaults to
    `true` here. `random_state` is always the value of `seed`. The arguments
    `decision_function_shape`, `n_jobs` and `warm_start` cannot be set.
    """

    folds: Folds
    """The number of folds of the cross-validation on the training set, 2 to 100, or 0 for none.

    The folds are stratified by label. Each label needs at least as many training images as
    there are folds. If the dataset has groups, the training set needs at least as many groups.
    """


# The schema of the entries of each section.
SCHEMAS: dict[str, type[Entry]] = {
    "datasets": DatasetParams,
    "splits": SplitParams,
    "tasks": TaskParams,
    "models": ModelParams,
}

EntryType = TypeVar("EntryType", bound=Entry)


class Entries(dict[str, EntryType]):
    """The entries of a section by their names. An unknown name is a UserError."""

    def __missing__(self, name: str) -> EntryType:
        """Raise the error for a name that the section does not have."""
        raise unknown_choice_error("params.yaml", name, self)


Section = Annotated[dict[Name, EntryType], AfterValidator(Entries)]


class Params(Entry):
    """The content of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    """The seed of the random numbers for shuffling, random splits and training."""

    datasets: Section[DatasetParams]
    """Each entry is a dataset of labelled images.

    An entry needs only `sources` and `shape`. The stage `fetch` reads the images, and writes a
    summary of them into `data/datasets/NAME.yaml`.
    """

    splits: Section[SplitParams]
    """Each entry divides a dataset into a training set and a test set."""

    tasks: Section[TaskParams]
    """Each entry gives a label to each image of a split."""

    models: Section[ModelParams]
    """Each entry is a model for a task, and a row of the leaderboard."""

    def dataset_name_of_task(self, task_name: str) -> str:
        """Return the name of the dataset whose images a task labels."""
        return self.splits[self.tasks[task_name].split].dataset

    def dataset_of_task(self, task_name: str) -> DatasetParams:
        """Return the entry of the dataset whose images a task labels."""
        return self.datasets[self.dataset_name_of_task(task_name)]
