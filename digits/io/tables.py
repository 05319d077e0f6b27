"""What the parquet files hold: four tables, each a contract that a file's schema must meet.

A contract is checked when a file is opened, and that no value is null when it is read (`digits/io/parquet.py`); beyond
that, values are trusted to be what the pipeline wrote.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from digits.support.errors import ParameterError, require_choice
from digits.support.parameters import Task

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]
Scores = npt.NDArray[np.floating[Any]]

ROW = pa.field("row", pa.uint32())  # the image's index in its dataset
GROUP = pa.field("group", pa.uint32())  # who wrote it, or whatever else some images have in common
ORIGIN = pa.field("origin", pa.uint32())  # the row of the image that this one is a deformed copy of, or its own
LABEL = pa.field("label", pa.uint8())
FOLD = pa.field("fold", pa.uint8())  # from 1
PREDICTION = pa.field("prediction", pa.uint8())
METHODS = {"decision_function": "decision", "predict_proba": "probability"}  # what gives scores: how its columns begin
SCORE = re.compile(rf"({'|'.join(METHODS.values())})_([0-9]+)")


class Contract(NamedTuple):
    """A kind of table: its name, and its columns as a function of a file's schema."""

    name: str
    columns: Callable[[pa.Schema], list[pa.Field]]

    def fault(self, schema: pa.Schema, needed: Iterable[str] = ()) -> str | None:
        """Return how a file's schema differs from the contract, or lacks a needed column; None where it does not."""
        try:
            for found, expected in zip_longest(schema, self.columns(schema)):
                if str(found) != str(expected):
                    return f"it has the column {str(found)[:50]} where {expected} is expected"
        except (KeyError, ValueError) as error:
            return f"its metadata lacks or misspells {str(error)[:100]}"
        return next((f"it has no column {name!r}" for name in needed if name not in schema.names), None)


MAXIMUM = 255  # of a pixel, where a dataset says nothing else


class ImageInfo(NamedTuple):
    """What the metadata of a table of images say."""

    shape: tuple[int, int]  # height and width
    maximum: int = MAXIMUM
    names: list[str] | None = None  # of the classes, in the order of their labels; None where they are digits
    group_names: list[str] | None = None  # in the order of their numbers; None where there are none

    @classmethod
    def of(cls, schema: pa.Schema) -> "ImageInfo":
        """Read it from a schema; a KeyError or a ValueError where it is not there."""
        texts = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
        height, width = map(int, texts["image_shape"].split("x"))
        names, group_names = (json.loads(texts.get(key, "null")) for key in ("names", "group_names"))
        return cls((height, width), int(texts["maximum"]), names, group_names)

    def as_metadata(self) -> dict[str, str]:
        """Return it as text, for a schema."""
        named = {"names": self.names, "group_names": self.group_names}
        texts = {key: json.dumps(names, ensure_ascii=False) for key, names in named.items() if names}
        return {"image_shape": "{}x{}".format(*self.shape), "maximum": str(self.maximum), **texts}

    def is_like(self, other: "ImageInfo") -> bool:
        """Tell whether the images are of one kind, whatever groups they are of."""
        return self[:3] == other[:3]


def _images(schema: pa.Schema) -> list[pa.Field]:
    pixels = [pa.field(name, pa.uint8()) for name in pixel_names(math.prod(ImageInfo.of(schema).shape))]
    return [*pixels, pa.field("class", pa.uint8()), *_present(schema, GROUP, ORIGIN, ROW)]


def _present(schema: pa.Schema, *fields: pa.Field) -> list[pa.Field]:
    return [field for field in fields if field.name in schema.names]


def _predictions(schema: pa.Schema) -> list[pa.Field]:
    scores = [pa.field(name, pa.float64()) for name in schema.names if SCORE.fullmatch(name)]
    if not scores:
        raise ValueError("the columns of scores")
    return [ROW, *_present(schema, GROUP), LABEL, PREDICTION, *scores]


def _out_of_fold(schema: pa.Schema) -> list[pa.Field]:
    label = [ROW, *_present(schema, GROUP), LABEL]
    return [*label, FOLD, *_predictions(schema)[len(label) :]] if FOLD.name in schema.names else label


# Images: a column a pixel, row by row, named as OpenML names them; `class`, what the image shows; `group`, where the
# source knows it; `origin`, where some are deformed copies; and `row`, once it is split. Metadata: `ImageInfo`.
IMAGES = Contract("images", _images)

# Labels, in the images' order: the class, or 1 for the task's positive classes and 0 for the others. Metadata:
# `positive` and `negative`, those classes, where the task has them; with `negative` all other classes have no rows.
LABELS = Contract("labels", lambda schema: [ROW, LABEL])

# Predictions of the test part, and the scores, which say how likely each class is: `decision_3` is the decision value
# of class 3, `probability_3` its probability. With two classes there is one, of the second. `group` as of images.
PREDICTIONS = Contract("predictions", _predictions)

# The same for the training part, cross-validated: `fold` (from 1), and the prediction and the scores of the model that
# was fitted without it; only rows and labels where the experiment has no folds.
OUT_OF_FOLD = Contract("out-of-fold predictions", _out_of_fold)


def labels_of(task: Task, names: Sequence[str] | None) -> tuple[list[int], list[int]]:
    """Return the labels of a task's positive and of its negative classes; `names` are those of all, if they have any.

    Raises a ParameterError if no class has one of the names, or if there is no telling the two sides apart.
    """
    by_name = {name: label for label, name in enumerate(names or [])}
    sides = {"positive": task.positive or [], "negative": task.negative or []}
    for key, side in sides.items():
        for each in side:
            if isinstance(each, str):
                require_choice(key, each, by_name)
    positive, negative = (
        [by_name[each] if isinstance(each, str) else each for each in side] for side in sides.values()
    )
    if negative and not positive:
        raise ParameterError("negative: needs `positive`, the classes to tell these from")
    if both := {*positive} & {*negative}:
        raise ParameterError(f"negative: the class {min(both)} is positive as well; leave it out of one")
    return positive, negative


def pixel_names(count: int) -> list[str]:
    """Return the names of the columns of pixels, as OpenML has them."""
    return [f"pixel{i + 1}" for i in range(count)]


def image_table(pixels: Pixels, classes: Vector, info: ImageInfo, **columns: Vector | None) -> pa.Table:
    """Return a table of images from pixels of shape (images, height * width) and columns of shape (images,).

    The other columns are `group`, `origin` and `row`, those that there are.
    """
    of_pixels = dict(zip(pixel_names(pixels.shape[1]), np.ascontiguousarray(pixels.T), strict=True))
    return table({**of_pixels, "class": classes, **columns}).replace_schema_metadata(info.as_metadata())


def table(columns: Mapping[str, Vector | None]) -> pa.Table:
    """Return a table of arrays of shape (rows,), but for those that are None."""
    return pa.table({name: array(values) for name, values in columns.items() if values is not None})


def array(values: Vector) -> pa.Array:
    """Wrap an array of shape (rows,), without the copy and the import of pandas that `pa.array` makes."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def column(table: pa.Table, name: str) -> Vector:
    """Return a column as an array of shape (rows,), without the import of pandas that `to_numpy` makes."""
    return np.from_dlpack(table.column(name).combine_chunks())


def require_complete(table: pa.Table) -> pa.Table:
    """Return a table; a ValueError if it has nulls, which no schema forbids."""
    if lacking := [name for name in table.column_names if table.column(name).null_count]:
        raise ValueError(f"the column {lacking[0]} has nulls")
    return table


def group_of(table: pa.Table) -> Vector | None:
    """Return the group of each row, shape (rows,), or None where there are none."""
    return column(table, GROUP.name) if GROUP.name in table.column_names else None


def stack(table: pa.Table) -> Pixels:
    """Return the columns of a table, all `uint8`, as one array of shape (rows, columns), row after row in memory."""
    # In two steps: putting the columns side by side at once takes three times as long.
    return np.ascontiguousarray(np.stack([column(table, name) for name in table.column_names]).T)


def score_columns(scores: Scores, classes: Iterable[int], method: str) -> dict[str, Vector]:
    """Return the columns of what a model's `method` gives: shape (rows,) for two classes, else (rows, classes)."""
    labels = list(classes)[-1 if scores.ndim == 1 else 0 :]
    by_class = np.atleast_2d(scores.T).astype(np.float64)
    return {f"{METHODS[method]}_{label}": of_class for label, of_class in zip(labels, by_class, strict=True)}


def scores(table: pa.Table) -> Scores:
    """Return the scores of a table: shape (rows,) for two classes, else (rows, classes)."""
    values = [column(table, name) for name in table.column_names if SCORE.fullmatch(name)]
    return values[0] if len(values) == 1 else np.stack(values, axis=1)


def scored_by(table: pa.Table) -> tuple[str, list[int]]:
    """Return the method that gave the scores of a table, and the label of each of its columns of scores."""
    found = [match for name in table.column_names if (match := SCORE.fullmatch(name))]
    method = next(method for method, prefix in METHODS.items() if prefix == found[0][1])
    return method, [int(match[2]) for match in found]
