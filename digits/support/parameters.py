"""params.yaml: the schema of every section, and the lookup of its blocks.

A block is validated when it is asked for, so that a mistake in one experiment does not stop another. `digits check`
validates all of them, and the names by which they refer to each other.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from digits.support import yaml
from digits.support.errors import ParameterError, require_choice, show
from digits.support.section import Section, validate

from pydantic import Field, ValidationInfo, field_validator, model_validator

FILE = Path("params.yaml")
NAME = re.compile(r"(?=.{1,100}\Z)[A-Za-z0-9]+(-[A-Za-z0-9]+)*")

COUNTED = ("images", "classes", "sha256")  # of a dataset; `digits pin` counts them
COPIES = "test: {} would put copies of one image into both parts; use a count of images behind the copies"

Count = Annotated[int, Field(ge=1, le=3_000_000_000)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=1, le=10_000)]
Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
Source = Annotated[dict[str, str], Field(min_length=1, max_length=1)]


class Digests(Section):
    """SHA-256 of all pixels, image by image and row by row, and of all labels, as unsigned bytes."""

    pixels: Digest
    labels: Digest


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
    sources: Annotated[list[Source], Field(min_length=1)]
    files: Annotated[list[Pair], Field(min_length=1)] | None = None
    sha256: Digests
    enlarged: Enlarged | None = None

    @field_validator("shape")
    @classmethod
    def _fits_a_table(cls, shape: list[int]) -> list[int]:
        if math.prod(shape) > 65_536:
            raise ValueError("must be at most 65536 pixels in all")
        return shape

    @field_validator("names")
    @classmethod
    def _name_each_class(cls, names: list[str] | None, others: ValidationInfo) -> list[str] | None:
        classes = others.data.get("classes")
        usable = {name for name in names or [] if name and name.isprintable() and name.strip() == name != "all"}
        if names is not None and not len(usable) == len(names) == classes:
            raise ValueError(f"must be {classes} different names that can be printed, and none of them `all`")
        return names

    @model_validator(mode="after")
    def _is_enlarged(self) -> Self:
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
    test: int | float

    @field_validator("test", mode="before")
    @classmethod
    def _is_count_or_share(cls, test: object) -> object:
        if (type(test) is int and test >= 1) or (type(test) is float and 0 < test < 1):
            return test
        raise ValueError("must be a count of images, from 1, or a share between 0 and 1")


class Mix(Section):
    """A block of `mixes`: `split` with the training images of the split `own` added, tested on the test part of `own`.

    Attributes:
        weight: how many times each of the images of `own` stands in the training part.
    """

    split: str
    own: str
    weight: Annotated[int, Field(ge=0, le=1_000)]

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The splits and parts that it is made of: the large one's, your own to train on, your own to test on."""
        return [(self.split, "train"), (self.own, "train"), (self.own, "test")]


class Task(Section):
    """A block of `tasks`; without `positive` the label is the class itself."""

    positive: Annotated[list[int | str], Field(min_length=1)] | None = None

    def labels(self, names: Sequence[str] | None) -> list[int] | None:
        """Return the labels of the positive classes, if there are any, given the names of the dataset's classes.

        Raises:
            ParameterError: no class has one of the names.
        """
        by_name = {name: label for label, name in enumerate(names or [])}
        for each in self.positive or []:
            if isinstance(each, str):
                require_choice("positive", each, by_name)
        return [by_name[each] if isinstance(each, str) else each for each in self.positive or []] or None


class Experiment(Section):
    """A block of `experiments`."""

    description: str
    tutorial: str | None = None
    split: str
    task: str
    features: str
    classifier: str
    hyperparameters: dict[str, Any]
    folds: Annotated[int, Field(ge=0, le=255)]

    @field_validator("folds")
    @classmethod
    def _is_none_or_several(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("must be 0 for none, or at least 2")
        return folds


SECTIONS: dict[type[Section], str] = {
    Dataset: "datasets",
    Split: "splits",
    Mix: "mixes",
    Task: "tasks",
    Experiment: "experiments",
}
Block = TypeVar("Block", bound=Section)


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
        section = SECTIONS[schema]
        blocks = self.values.get(section)
        may_be_empty = section == "mixes"
        if not isinstance(blocks, dict) or not (blocks or may_be_empty):
            least = "; `{}` is one without blocks" if may_be_empty else " with at least one block"
            raise ParameterError(f"{FILE}: `{section}` must be a section{least}")
        return list(blocks)

    def block(self, schema: type[Block], name: str) -> Block:
        """Return one block, validated."""
        section = SECTIONS[schema]
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            allowed = "a name is text of up to 100 letters, digits and single hyphens"
            raise ParameterError(f"{FILE}: {section}: {show(name)} cannot be a name; {allowed}")
        require_choice(f"{FILE}: {section}", name, self.names(schema))
        values = self.values[section][name]
        counted = COUNTED if schema is Dataset and isinstance(values, dict) else ()
        if missing := [key for key in counted if key not in values]:
            raise ParameterError(f"{FILE}: datasets.{name}.{missing[0]} is missing; run `digits pin {name}`")
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
    """Read params.yaml; a ParameterError says why that cannot be done."""
    return Parameters(yaml.read(path))
