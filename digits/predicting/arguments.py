"""Predict what the arguments of `digits predict` name.

An argument is a picture, `-` for standard input, or a *collection*: a folder, a table or a file
with arrays. The package image-layouts reads collections.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from digits.entry_points import find_entry_points
from digits.imaging.pictures import PictureError
from digits.messages.errors import UserError, check_choice, prefix_errors, report_os_errors
from digits.messages.terminal import warn
from digits.predicting.prediction import PicturePrediction, Prediction
from digits.predicting.predictor import Predictor
from digits.settings.params import list_addresses
from digits.sources import Collection


def predict_arguments(
    predictor: Predictor, arguments: Sequence[str], errors: list[UserError]
) -> Iterator[PicturePrediction]:
    """Yield the predictions for all arguments.

    `errors` receives what is wrong with a whole argument, which does not stop the others.
    """
    # All are opened before the first one is predicted, which can take long.
    collections: dict[str, Collection | None] = {}
    for argument in arguments:
        try:
            with report_os_errors():
                collections[argument] = open_collection(predictor, argument)
        except UserError as error:
            errors.append(error)
    for argument, collection in collections.items():
        try:
            if collection is None:
                picture = sys.stdin.buffer if argument == "-" else Path(argument)
                yield predict_picture(predictor, argument, picture)
            else:
                for note in collection.notes:  # such as which files are left out
                    warn(f"{argument}: {note}")
                yield from predict_collection(predictor, Path(argument), collection)
        except UserError as error:
            errors.append(error)


def open_collection(predictor: Predictor, argument: str) -> Collection | None:
    """Return the images of a folder, a table or a file with arrays, or None for a picture.

    Raises:
        UserError: there are no images, they cannot be read, no package reads folders, or the
            model does not have the class of an image.
    """
    if argument == "-":
        return None
    path = Path(argument)
    for _, address in list_addresses(predictor.dataset.sources):
        if path.exists() and path.resolve() == Path(address).resolve():
            warn(f"{argument} has the images that the model was trained on; name others")
    files = find_entry_points("digits.sources").get("files")
    if files is None:
        if path.is_dir():
            raise UserError(f"{path} is a folder, which the package image-layouts reads")
        return None
    class_names = [str(name) for name in predictor.summary.class_names]
    collection: Collection | None
    collection = files.load().source.open_new(path, predictor.dataset, class_names)
    if collection is not None and "class" in collection.rows:
        labels = [str(label) for label in predictor.labels.values()]
        for class_name in collection.rows["class"].unique():
            check_choice(f"{argument}: classes of {predictor.model_name}", class_name, labels)
    return collection


def predict_picture(
    predictor: Predictor,
    file: str,
    picture: Path | BinaryIO,
    actual: str | None = None,
    image_id: str = "",
) -> PicturePrediction:
    """Predict what a picture shows, or say why it cannot be predicted.

    Args:
        predictor: the model.
        file: the name of the picture in messages.
        picture: the path of the file, or the opened file.
        actual: the class that the picture shows, or None if it is unknown.
        image_id: the id of the picture in a table of predictions. If "", it is `file`.
    """
    predictions: Sequence[Prediction] = []
    reason = None
    try:
        predictions = predictor.predict(picture)
    except PictureError as error:
        reason = error.message
    except OSError as error:
        reason = error.strerror or str(error)
    return PicturePrediction(file, actual, predictions, reason, image_id or file)


def predict_collection(
    predictor: Predictor, path: Path, collection: Collection
) -> Iterator[PicturePrediction]:
    """Predict the images of a folder, a table or a file with arrays, which are at a path.

    Raises:
        UserError: the images are pixels of another shape than the model takes, or have other
            values, or the model takes only picture files.
    """
    rows = collection.rows
    actual = rows["class"] if "class" in rows else [None] * len(rows)
    ids = list(map(str, rows["id"]))
    if collection.pictures is None:
        predictions = predict_blocks(predictor, path, collection)
        for image_id, label, prediction in zip(ids, actual, predictions, strict=True):
            yield PicturePrediction(f"{path}:{image_id}", label, [prediction], None, image_id)
        return
    for name, content, label, image_id in zip(
        rows["file"], collection.pictures(), actual, ids, strict=True
    ):
        if isinstance(content, Path):  # beside the table, or in an inner folder
            yield predict_picture(predictor, str(content), content, label, image_id)
        else:
            file = str(path / name)
            yield predict_picture(predictor, file, BytesIO(content), label, image_id)


def predict_blocks(
    predictor: Predictor, path: Path, collection: Collection
) -> Iterator[Prediction]:
    """Predict the images of a collection that has pixels, as `predict_collection` says."""
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
