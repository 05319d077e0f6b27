"""params.yaml: dataset → split → task → experiment, each of which names what stands before it, once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from digits.core.errors import PipelineError, require_choice

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FILE = Path("params.yaml")
COUNTED = {"images", "classes", "sha256"}  # of a dataset; `digits pin` counts them
UNIONS = {  # pydantic would name one of the types only
    "test": "must be a count of images, from 1, a share between 0 and 1, {share: one} or {groups: a count}",
    "threshold": "must be a number, {recall: share}, {precision: share} or {f1: max}",
}

Name = Annotated[str, Field(pattern="^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$")]
Count = Annotated[int, Field(ge=1)]
Byte = Annotated[int, Field(ge=1, le=256)]
Share = Annotated[float, Field(gt=0, lt=1)]
Least = dict[Literal["recall", "precision"], Annotated[float, Field(gt=0, le=1)]]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Sides = Annotated[list[int | str], Field(min_length=1)]
One, Two = Field(min_length=1, max_length=1), Field(min_length=2, max_length=2)


class Section(BaseModel):
    """A block of named values. Unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Dataset(Section):
    """A block of `datasets`: a table of images."""

    images: Count
    shape: Annotated[list[Byte], Two]
    classes: Byte
    names: list[str] | None = None
    maximum: Annotated[int, Field(ge=1, le=255)] = 255
    sources: Annotated[list[Annotated[dict[str, str], One]], Field(min_length=1)]
    files: list[Annotated[list[str], Two]] | None = None  # of images and labels: digits/sources/idx.py
    sha256: dict[Literal["pixels", "labels", "groups"], Digest]  # stages/fetch.py


class Split(Section):
    """A block of `splits`: a dataset, and what of it is tested on (stages/split.py)."""

    dataset: str
    test: Count | Share | Annotated[dict[Literal["groups"], Count] | dict[Literal["share"], Share], One]


class Mix(Section):
    """A block of `mixes`: `split` with the training part of `own` added `weight` times, tested on the rest of `own`."""

    split: str
    own: str
    weight: Annotated[int, Field(ge=0, le=1_000)]


class Task(Section):
    """A block of `tasks`; without `positive` the label is the class itself, with `negative` all others are left out."""

    split: str
    positive: Sides | None = None
    negative: Sides | None = None


class Hyperparameters(Section, extra="allow"):
    """Those of the classifier, and two of the pipeline's own (digits/learning/folds.py, digits/scale/)."""

    threshold: FiniteFloat | Annotated[Least | dict[Literal["f1"], Literal["max"]], One] | None = None
    copies: Annotated[int, Field(ge=0, le=100)] = 0


class Experiment(Section):
    """A block of `experiments`."""

    description: str
    tutorial: str | None = None
    task: str
    features: str
    classifier: str
    hyperparameters: Hyperparameters
    folds: Annotated[int, Field(ge=0, le=100)]


class Params(Section):
    """The content of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    datasets: dict[Name, Dataset]
    splits: dict[Name, Split]
    mixes: dict[Name, Mix]
    tasks: dict[Name, Task]
    experiments: dict[Name, Experiment]

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        for name, dataset in self.datasets.items():
            if (names := dataset.names) and not len(names) == len({*names} - {"all"}) == dataset.classes:
                expected = f"must be {dataset.classes} different ones, not `all`"
                raise PipelineError(f"{FILE}: datasets.{name}.names {expected}")
        for name, split in self.splits.items():
            require_choice(f"{FILE}: splits.{name}.dataset", split.dataset, self.datasets)
        for name, mix in self.mixes.items():
            require_choice(f"{FILE}: mixes.{name}.split", mix.split, self.splits)
            require_choice(f"{FILE}: mixes.{name}.own", mix.own, self.splits)
        for name, task in self.tasks.items():
            require_choice(f"{FILE}: tasks.{name}.split", task.split, [*self.splits, *self.mixes])
            dataset = self.datasets[self.dataset_of(name)]
            sides(name, task, dataset.names or range(dataset.classes))
        for name, experiment in self.experiments.items():
            require_choice(f"{FILE}: experiments.{name}.task", experiment.task, self.tasks)
        return self

    def dataset_of(self, task: str) -> str:
        """Return the name of the dataset that a task is about: of a mix, the one that it is tested on."""
        split = self.tasks[task].split
        return self.splits[self.mixes[split].own if split in self.mixes else split].dataset


Block = TypeVar("Block", bound=Section)


def find(blocks: Mapping[str, Block], name: str) -> Block:
    """Return the block of a name; a PipelineError suggests the nearest."""
    require_choice(str(FILE), name, blocks)
    return blocks[name]


def sides(name: str, task: Task, classes: Sequence[str | int]) -> tuple[list[int], list[int]]:
    """Return the labels of a task's positive and negative classes, from the names, or numbers, of all classes."""
    given = task.positive or [], task.negative or []
    for each in (*given[0], *given[1]):
        require_choice(f"{FILE}: tasks.{name}", each, classes)
    positive, negative = ([classes.index(each) for each in side] for side in given)
    if (negative and not positive) or {*positive} & {*negative} or len({*positive}) == len(classes):
        raise PipelineError(f"{FILE}: tasks.{name}: `positive` must name some classes, and `negative` none of these")
    return positive, negative


def load() -> Params:
    """Read and validate params.yaml; a PipelineError names the first mistake."""
    return validate(Params, read_yaml())


def read_yaml(text: str | None = None) -> dict[str, Any]:
    """Read params.yaml, or its text, by DVC's own parser, so that both see the same values."""
    try:
        return dict(YAML(typ="safe").load(FILE.read_text(encoding="utf-8") if text is None else text))
    except FileNotFoundError:
        raise PipelineError(f"{FILE} is not here; run from the folder that holds it") from None
    except (YAMLError, ValueError, TypeError) as error:
        raise PipelineError(f"{FILE} is not YAML with named sections: {error}") from None


def validate(schema: type[Block], values: Any, *where: str) -> Block:
    """Return the values of params.yaml at `where` as a schema has them; a PipelineError names the first mistake."""
    try:
        return schema.model_validate(values)
    except ValidationError as invalid:  # an unknown key comes before a missing one, which it may be a typo of
        error = min(invalid.errors(), key=lambda each: each["type"] != "extra_forbidden")
    *parents, key = path = [*where, *map(str, error["loc"])]
    place, message = f"{FILE}: {'.'.join(path)}", error["msg"].replace("Input should", "must")
    if error["type"] == "extra_forbidden":
        if key == "split":
            raise PipelineError(f'{place} has moved to tasks.TASK.split (CHANGELOG.md, "An older params.yaml")')
        kind = get_args(Params.model_fields[parents[0]].annotation)[1] if parents else Params
        require_choice(place.removesuffix(key).rstrip(": ."), key, kind.model_fields)
    if error["type"] == "missing":
        raise PipelineError(f"{place} is missing" + (f"; run `digits pin {parents[1]}`" if key in COUNTED else ""))
    if key == "[key]" and len(parents) == 2:
        message = "a name has letters, digits and single hyphens"
    for union in UNIONS.keys() & {*path}:
        place, message = place.partition(f".{union}")[0] + f".{union}", UNIONS[union]
    raise PipelineError(f"{place.removesuffix('.[key]')}: {message}, not {error['input']!r:.80}")
