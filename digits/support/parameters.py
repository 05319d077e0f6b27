"""params.yaml: the schema of every section, and the lookup of its blocks.

A block is validated when it is asked for, so that a mistake in one experiment does not stop another. `digits check`
validates all of them, and the names by which they refer to each other.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from digits.support.errors import ParameterError, one_line, require_choice, shorten, show

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

FILE = Path("params.yaml")
NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
COUNTED = ("images", "classes", "sha256")  # of a dataset; `digits pin` counts them
NOT_NAMES = {"all", "none", "several"}  # of classes: what tables and `digits predict` say
TESTS = "a count of images, from 1, a share between 0 and 1, {share: one} or {groups: a count}"
DEEPEST = 50  # levels of lists and blocks in each other; the parser needs the stack for each, and has no limit

Count = Annotated[int, Field(ge=1, le=3_000_000_000)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=1, le=256)]
Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
Classes = Annotated[list[int | str], Field(min_length=1)]
Source = Annotated[dict[str, str], Field(min_length=1, max_length=1)]


def _must_be(what: str, valid: Callable[[Any], bool]) -> BeforeValidator:
    def validate(value: object) -> object:
        if not valid(value):
            raise ValueError(f"must be {what}")
        return value

    return BeforeValidator(validate)


def _is_test(test: object) -> bool:
    (kind, value), *others = test.items() if isinstance(test, dict) and test else [("", test)]
    is_count = kind in {"", "groups"} and type(value) is int and value >= 1
    return not others and (is_count or (kind in {"", "share"} and type(value) is float and 0 < value < 1))


class Section(BaseModel):
    """A block of named values. Unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Digests(Section):
    """SHA-256 of all pixels, image by image and row by row, and of all labels, as unsigned bytes."""

    pixels: Digest
    labels: Digest
    groups: Digest | None = None  # of their numbers, in 32 bits, where the source knows groups


class Enlarged(Section):
    """Augmentation: the `first` images are deformed at random, again and again, until there are `to` rows in all."""

    first: Count
    to: Count
    seed: Seed


class Dataset(Section):
    """A block of `datasets`."""

    images: Annotated[int, Field(ge=1, le=100_000_000)]
    shape: Annotated[list[Side], Field(min_length=2, max_length=2)]
    classes: Annotated[int, Field(ge=2, le=256)]
    names: list[str] | None = None
    maximum: Annotated[int, Field(ge=1, le=255)] | None = None  # 255: `tables.MAXIMUM`
    levels: list[Literal["class", "group", "part", "-"]] | None = None  # of folders: digits/sources/folder.py
    sources: Annotated[list[Source], Field(min_length=1)]
    files: Annotated[list[Pair], Field(min_length=1)] | None = None
    sha256: Digests
    enlarged: Enlarged | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (names := self.names) is not None and not self.classes == len(names) == len({*names} - NOT_NAMES):
            raise ValueError(f"names: must be {self.classes} different ones, and not `all`, `none` or `several`")
        if self.levels is not None and (self.levels.count("class"), self.levels.count("part") > 1) != (1, False):
            raise ValueError("levels: must name `class` once, and `part` at most once")
        if self.enlarged and not self.enlarged.first <= self.images <= self.enlarged.to:
            raise ValueError(f"enlarged: first must be at most, and to at least, the {self.images} images there are")
        return self

    @property
    def rows(self) -> int:
        """Number of rows of the fetched table."""
        return self.enlarged.to if self.enlarged else self.images


class Split(Section):
    """A block of `splits`."""

    dataset: str
    test: Annotated[int | float | dict[str, int | float], _must_be(TESTS, _is_test)]


class Mix(Section):
    """A block of `mixes`: `split` with the training part of `own` added `weight` times, tested on the rest of `own`."""

    split: str
    own: str
    weight: Annotated[int, Field(ge=0, le=1_000)]


class Task(Section):
    """A block of `tasks`; without `positive` the label is the class itself, with `negative` all others are left out."""

    positive: Classes | None = None
    negative: Classes | None = None


class Experiment(Section):
    """A block of `experiments`."""

    description: str
    tutorial: str | None = None
    split: str
    task: str
    features: str
    classifier: str
    hyperparameters: dict[str, Any]
    folds: Annotated[int, Field(ge=0, le=255), _must_be("0 for none, or at least 2", lambda folds: folds != 1)]


SECTIONS: dict[type[Section], str] = {
    Dataset: "datasets",
    Split: "splits",
    Mix: "mixes",
    Task: "tasks",
    Experiment: "experiments",
}
Block = TypeVar("Block", bound=Section)


def validate(schema: type[Block], values: Any, file: Path, *where: str) -> Block:
    """Return the values at `where` in a file as their schema has them; a ParameterError names the first mistake."""
    try:
        return schema.model_validate(values)
    except ValidationError as invalid:
        error = invalid.errors()[0]
    block, place = f"{file}: {'.'.join(where)}", error["loc"]
    if error["type"] == "extra_forbidden" and len(place) == 1:
        require_choice(block, place[0], schema.model_fields)
    path = ".".join([block, *(shorten(str(part), 100) for part in place)])
    if error["type"] == "missing":
        raise ParameterError(f"{path} is missing")
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    raise ParameterError(f"{path}: {message}" + (f", not {show(error['input'])}" if place else ""))


class Parameters:
    """The content of params.yaml. Every lookup raises a ParameterError that names the mistake, if there is one."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    @property
    def seed(self) -> int:
        """The seed of every random choice, an integer from 0 to 2³² - 1."""
        seed = self.values.get("seed")
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise ParameterError(f"{FILE}: seed: must be an integer from 0 to {2**32 - 1}, not {show(seed)}")
        return seed

    def names(self, schema: type[Section]) -> list[str]:
        """Return the names of a section's blocks, in the file's order."""
        blocks = self.values.get(SECTIONS[schema])
        if not isinstance(blocks, dict):
            raise ParameterError(f"{FILE}: `{SECTIONS[schema]}` must be a section of blocks; `{{}}` is one without any")
        return list(blocks)

    def block(self, schema: type[Block], name: str) -> Block:
        """Return one block, validated."""
        section = SECTIONS[schema]
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            allowed = "a name is text of letters, digits and single hyphens"
            raise ParameterError(f"{FILE}: {section}: {show(name)} cannot be a name; {allowed}")
        require_choice(f"{FILE}: {section}", name, self.names(schema))
        values = self.values[section][name]
        for key in COUNTED if schema is Dataset and isinstance(values, dict) else ():
            if key not in values:
                raise ParameterError(f"{FILE}: datasets.{name}.{key} is missing; run `digits pin {name}`")
        return validate(schema, values, FILE, section, name)

    def blocks(self, schema: type[Block]) -> dict[str, Block]:
        """Return all blocks of a section by name."""
        return {name: self.block(schema, name) for name in self.names(schema)}

    def dataset_of(self, experiment: str) -> str:
        """Return the name of the dataset that an experiment is about: of a mix, the one that it is tested on."""
        split = self.block(Experiment, experiment).split
        if split in self.names(Mix):
            split = self.block(Mix, split).own
        return self.block(Split, split).dataset


def load(path: Path = FILE) -> Parameters:
    """Read params.yaml by the parser that DVC uses, so that both see the same values.

    Raises:
        ParameterError: it is missing, not UTF-8, not YAML, or not a mapping.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        raise ParameterError(f"{path} is not here; run from the folder that holds it") from None
    except ValueError as error:  # not UTF-8
        raise ParameterError(f"{path}: {one_line(error)}") from None


def parse(text: str, path: Path = FILE) -> Parameters:
    """Read the text of params.yaml; a ParameterError says where it is not YAML, or that it is not a mapping."""
    try:
        _require_shallow(text, path)
        values = YAML(typ="safe").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ParameterError(f"{path}{place}: {error.problem or error.context}") from None
    except (YAMLError, ValueError, ArithmeticError) as error:  # dates and numbers that are none
        raise ParameterError(f"{path}: {one_line(error)}") from None
    if not isinstance(values, dict):
        raise ParameterError(f"{path} must hold named sections such as `experiments:`")
    return Parameters(values)


def _require_shallow(text: str, path: Path) -> None:
    """Require that no value holds itself, by an alias, or is deeper than `DEEPEST`; else a ParameterError."""
    inside: list[str | None] = []  # the anchors of the lists and blocks that are open
    for event in YAML(typ="safe").parse(text):
        if isinstance(event, CollectionStartEvent):
            inside.append(event.anchor)
        elif isinstance(event, CollectionEndEvent):
            inside.pop()
        elif isinstance(event, AliasEvent) and event.anchor in inside:
            raise ParameterError(f"{path}: *{event.anchor} is inside of &{event.anchor}; a value cannot hold itself")
        if len(inside) > DEEPEST:
            raise ParameterError(f"{path}: more than {DEEPEST} lists or blocks in each other")
