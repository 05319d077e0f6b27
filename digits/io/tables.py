"""What the parquet files hold: four tables, each a contract that a file's schema must meet.

A contract says which columns follow from a file's metadata. What it says is checked when a file is opened
(`digits/common/parquet.py`); beyond that, values are trusted to be what the pipeline wrote.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from digits.support.errors import shorten

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]
Scores = npt.NDArray[np.floating[Any]]

ROW = pa.field("row", pa.uint32())  # the image's index in its dataset
ORIGIN = pa.field("origin", pa.uint32())  # the row of the image that this one is a deformed copy of, or its own
LABEL = pa.field("label", pa.uint8())
FOLD = pa.field("fold", pa.uint8())  # from 1
PREDICTION = pa.field("prediction", pa.uint8())


class Contract(NamedTuple):
    """A kind of table: its name, its columns as a function of its metadata, and those of them that it may lack."""

    name: str
    columns: Callable[[Mapping[str, str]], list[pa.Field]]
    optional: tuple[str, ...] = ()

    def fault(self, schema: pa.Schema) -> str | None:
        """Return how a file's schema differs from the contract; None when it meets it."""
        try:
            expected = self.columns(metadata(schema))
        except (KeyError, ValueError) as error:
            return f"its metadata lacks or misspells {str(error)[:100]}"
        found = dict(zip(schema.names, schema.types, strict=True))
        expected = [field for field in expected if field.name in found or field.name not in self.optional]
        for field in expected:
            if (kind := found.get(field.name, "missing")) != field.type:
                return f"column {field.name!r} is {str(kind)[:50]}, expected {field.type}"
        if schema.names != [field.name for field in expected]:
            return f"it has other columns than {shorten(', '.join(field.name for field in expected), 100)}"
        return None


def _images(metadata: Mapping[str, str]) -> list[pa.Field]:
    height, width = image_shape(metadata)
    _ = int(metadata["maximum"]), class_names(metadata)
    pixels = [pa.field(name, pa.uint8()) for name in pixel_names(height * width)]
    return [*pixels, pa.field("class", pa.uint8()), ORIGIN, ROW]


def _scores(metadata: Mapping[str, str]) -> list[pa.Field]:
    names = score_names(integers(metadata["classes"]))
    _ = names != ["score"] or float(metadata["threshold"])
    return [pa.field(name, pa.float64()) for name in names]


def _out_of_fold(metadata: Mapping[str, str]) -> list[pa.Field]:
    _ = metadata["split"], metadata["method"], metadata["train_accuracy"]
    return [ROW, LABEL, *([] if metadata["folds"] == "0" else [FOLD, PREDICTION, *_scores(metadata)])]


# Images: a column a pixel, row by row, named as OpenML names them; `class`, what the image shows; `origin`, where some
# are deformed copies of others; and `row`, once it is split. Metadata: `image_shape`, height and width such as 28x28;
# `maximum`, the largest value that a pixel can have; `names` of the classes, a JSON list, where they have any.
IMAGES = Contract("images", _images, optional=("origin", "row"))

# Labels, in the images' order: the class, or 1 for the task's positive classes and 0 for the others. Metadata:
# `positive`, those classes, where the task has them.
LABELS = Contract("labels", lambda metadata: [ROW, LABEL])

# Cross-validated predictions of the training part: `fold` (from 1), and the prediction and the scores of the model
# fitted without it; none of these where the experiment has no folds. Metadata: `split`, whose training part it is;
# `folds`, their number; `classes`; `method`, the scikit-learn method that gave the scores; `threshold`, where there are
# two classes, the score above which the prediction is the second; `train_accuracy`, of the model fitted on all, on the
# first 10 000 of these rows.
OUT_OF_FOLD = Contract("out-of-fold predictions", _out_of_fold)

# Predictions of the test part, and the scores: one column, `score`, of the second of two classes; else `score_0`,
# `score_1`, …, one a class. Metadata: `classes`, `method`, `threshold`, `positive` as above.
PREDICTIONS = Contract("predictions", lambda metadata: [ROW, LABEL, PREDICTION, *_scores(metadata)])


def pixel_names(count: int) -> list[str]:
    """Return the names of the columns of pixels, as OpenML has them."""
    return [f"pixel{i + 1}" for i in range(count)]


def score_names(classes: Iterable[int]) -> list[str]:
    """Return the names of the columns of scores: one for two classes, else one a class."""
    classes = list(classes)
    return ["score"] if len(classes) == 2 else [f"score_{label}" for label in classes]


def image_shape(metadata: Mapping[str, str]) -> tuple[int, int]:
    """Return height and width in pixels of a table's images."""
    height, width = map(int, metadata["image_shape"].split("x"))
    return height, width


def class_names(metadata: Mapping[str, str]) -> list[str] | None:
    """Return the names of the classes of a table's images, in the order of their labels, where they have any."""
    return list(map(str, json.loads(metadata["names"]))) if "names" in metadata else None


def integers(text: str) -> list[int]:
    """Return the integers that a value of the metadata lists."""
    return [int(number) for number in text.split()]


def image_table(
    pixels: Pixels,
    classes: Vector,
    shape: Sequence[int],
    maximum: int = 255,
    names: Sequence[str] | None = None,
    **columns: Vector | None,
) -> pa.Table:
    """Return a table of images.

    Args:
        pixels: shape (images, height * width), 0 to `maximum`.
        classes: shape (images,), what each image shows.
        shape: height and width of an image.
        maximum: the largest value that a pixel can have.
        names: of the classes, in the order of their labels, where they have any.
        columns: `origin` and `row`, shape (images,), where there are any.
    """
    of_pixels = dict(zip(pixel_names(pixels.shape[1]), np.ascontiguousarray(pixels.T), strict=True))
    others = {name: values for name, values in columns.items() if values is not None}
    facts = {"image_shape": f"{shape[0]}x{shape[1]}", "maximum": maximum}
    spelled = json.dumps(list(names), ensure_ascii=False) if names else None
    return table({**of_pixels, "class": classes, **others}, **facts, names=spelled)


def table(columns: Mapping[str, Vector], **metadata: object) -> pa.Table:
    """Return a table of arrays of shape (rows,) with metadata; a sequence is written as its items, None not at all."""
    spelled = {
        key: " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for key, value in metadata.items()
        if value is not None
    }
    return pa.table({name: array(values) for name, values in columns.items()}, metadata=spelled or None)


def array(values: Vector) -> pa.Array:
    """Wrap an array of shape (rows,), without the copy and the import of pandas that `pa.array` makes."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def column(table: pa.Table, name: str) -> Vector:
    """Return a column as an array of shape (rows,), without the import of pandas that `to_numpy` makes."""
    return np.from_dlpack(table.column(name).combine_chunks())


def stack(table: pa.Table) -> Pixels:
    """Return the columns of a table, all `uint8`, as one array of shape (rows, columns), row after row in memory."""
    # In two steps: putting the columns side by side at once takes three times as long.
    return np.ascontiguousarray(np.stack([column(table, name) for name in table.column_names]).T)


def scores(table: pa.Table) -> Scores:
    """Return the scores of a table: shape (rows,) for two classes, else (rows, classes)."""
    names = [name for name in table.column_names if name.startswith("score")]
    return column(table, "score") if names == ["score"] else np.stack([column(table, name) for name in names], axis=1)


def score_columns(scores: Scores, classes: Iterable[int]) -> dict[str, Vector]:
    """Return the columns of scores of shape (rows,) for two classes, else (rows, classes)."""
    by_class = np.atleast_2d(scores.T).astype(np.float64)
    return dict(zip(score_names(classes), by_class, strict=True))


def metadata(schema: pa.Schema) -> dict[str, str]:
    """Return a schema's metadata as text."""
    return {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
