"""Predict the images of a folder, a table or a file with arrays, and single pictures.

Sources of other packages read such collections.
"""

import math
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from digits.imaging.pictures import PictureError
from digits.messages.errors import UserError, prefix_errors
from digits.predicting.prediction import PicturePrediction, Prediction
from digits.predicting.predictor import Predictor
from digits.settings.params import DatasetParams
from digits.sources import Collection, list_sources_of_packages


def open_many(
    path: Path, dataset: DatasetParams, class_names: Sequence[str]
) -> Collection | None:
    """Return the images of a folder, a table or a file with arrays, or None for a picture.

    Raises:
        UserError: there are no images, they cannot be read, or no package reads folders.
    """
    for source in list_sources_of_packages():
        if source.open_new:
            collection = source.open_new(path, dataset, class_names)
            if collection is not None:
                return collection
    if path.is_dir():
        raise UserError(f"{path} is a folder, which the package image-layouts reads")
    return None


def predict_picture(
    predictor: Predictor,
    file: str,
    source: Path | BinaryIO,
    actual: str | None = None,
    image_id: str = "",
) -> PicturePrediction:
    """Predict what a picture shows, or say why it cannot be predicted.

    Args:
        predictor: the model.
        file: the name of the picture in messages.
        source: the path of the file, or the opened file.
        actual: the class that the picture shows, or None if it is unknown.
        image_id: the id of the picture in a table of predictions. If "", it is `file`.
    """
    image_id = image_id or file
    try:
        predictions = predictor.predict(source)
    except PictureError as error:
        return PicturePrediction(file, actual, [], str(error), image_id)
    except OSError as error:
        return PicturePrediction(file, actual, [], error.strerror or str(error), image_id)
    return PicturePrediction(file, actual, predictions, None, image_id)


def predict_collection(
    predictor: Predictor, path: Path, collection: Collection
) -> Iterator[PicturePrediction]:
    """Predict the images of a folder, a table or a file with arrays.

    Args:
        predictor: the model.
        path: where the images are.
        collection: the images.

    Raises:
        UserError: the images are pixels of another shape than the model takes, or have other
            values, or the model takes only picture files.
    """
    rows = collection.rows
    actual = rows["class"] if "class" in rows else [None] * len(rows)
    ids = list(map(str, rows["id"]))
    if collection.pictures is not None:
        contents = collection.pictures()
        for name, content, label, image_id in zip(
            rows["file"], contents, actual, ids, strict=True
        ):
            if isinstance(content, Path):  # beside the table, or in an inner folder
                yield predict_picture(predictor, str(content), content, label, image_id)
            else:
                file = str(path / name)
                yield predict_picture(predictor, file, BytesIO(content), label, image_id)
        return
    predictions = predict_blocks(predictor, path, collection)
    for image_id, label, prediction in zip(ids, actual, predictions, strict=True):
        yield PicturePrediction(f"{path}:{image_id}", label, [prediction], None, image_id)


def predict_blocks(
    predictor: Predictor, path: Path, collection: Collection
) -> Iterator[Prediction]:
    """Predict the images of a collection that has pixels.

    Raises:
        UserError: they have another shape or other values than the model takes, or the model
            takes features that a network computes from picture files.
    """
    if predictor.networks:
        raise UserError(
            f"{path} has pixels, but {predictor.model_name} takes picture files, because a "
            "network reads them in a size of its own; name pictures, or another model"
        )
    if math.prod(collection.shape) != math.prod(predictor.shape):
        raise UserError(
            f"{path} has images of the shape {collection.shape}, but {predictor.model_name} "
            f"takes images of the shape {predictor.shape}"
        )
    for block in collection.blocks():
        with prefix_errors(path):
            predictions = predictor.predict_pixels(block)
        yield from predictions
