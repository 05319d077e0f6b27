"""A layout that is proposed, and what it reads."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from image_layouts.errors import LayoutError
from image_layouts.layout.place import Place
from image_layouts.layout.reading import LayoutReading, read_layout
from image_layouts.schema import FilesPart, Part, as_list, parse


class Proposal(NamedTuple):
    """A layout, and why it is not taken without a question, or ""."""

    layout: Any
    doubt: str = ""


class ChoiceError(LayoutError):
    """There is no layout that is taken. `lines` are to be printed before the message."""

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.lines = lines


class Choice(NamedTuple):
    """A layout that can be read.

    Attributes:
        layout: the layout, as it is written in params.yaml.
        parts: its parsed parts.
        reading: the images that it reads.
        rare_classes: the classes to leave out, which have too few images.
        questions: why it is not taken without a question.
    """

    layout: Any
    parts: list[Part]
    reading: LayoutReading
    rare_classes: Sequence[str] = ()
    questions: Sequence[str] = ()

    @property
    def rows(self) -> pd.DataFrame:
        """The images, as `Collection` describes them."""
        return self.reading.images.rows

    @property
    def class_column(self) -> str:
        """The column or the array of the classes, or "" if there is not a single one."""
        classes = [] if isinstance(self.parts[0], FilesPart) else as_list(self.parts[0].classes)
        return classes[0] if len(classes) == 1 else ""


def read_choice(place: Place, layout: Any, min_images: int = 1) -> Choice:
    """Read the rows of a layout, without rare classes. No picture is opened.

    Classes with fewer than `min_images` images outside the test set are left out.

    Raises:
        LayoutError: the files are not as the layout says.
    """
    parsed = parse(layout)
    reading = read_layout(place, parsed)
    rows = reading.images.rows
    rare: list[str] = []
    if min_images > 1 and "class" in rows:
        n_train = (~rows["test"]).groupby(rows["class"]).sum()
        rare = sorted(n_train[n_train < min_images].index)
    if rare:
        parsed.unused_classes.extend(rare)
        reading = read_layout(place, parsed)
    return Choice(layout, parsed.parts, reading, rare)
