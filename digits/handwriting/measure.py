"""Measure a model on pictures whose classes are known, and say whether it has seen them before.

The pictures are in a folder with a subfolder for each class, as the sources `folder` and
`handwriting` read them.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from digits.core import params, paths, tables
from digits.core.errors import UserError, to_one_line, warn
from digits.core.tables import Pixels, Vector
from digits.data.sources import folder
from digits.evaluation.metrics import confidence_interval
from digits.handwriting.reading import Reading, in_words
from digits.handwriting.recognizer import Recognizer
from digits.results import drawing

import numpy as np
import pandas as pd

# Columns of the confusion matrix for pictures without a digit, and with several digits.
MISSED = "not found"
SEVERAL = "several"

# At most this many mistakes are drawn on the sheet.
DRAWN = 200


@dataclass
class Measurement:
    """The pictures of a folder, and what was predicted for them.

    Attributes:
        recognizer: the recognizer.
        root: the folder, which has a subfolder for each class.
        actual: the class of each file, which is the name of its subfolder.
        readings: the files that have been read.
    """

    recognizer: Recognizer
    root: Path
    actual: dict[str, str]
    readings: list[Reading] = field(default_factory=list)

    @classmethod
    def of(cls, recognizer: Recognizer, root: Path) -> Self | None:
        """Return the measurement of a folder, before any file is read.

        Returns:
            None if the path is no folder, or has no subfolder named as a class.

        Raises:
            UserError: some subfolders are named as classes, and others are not.
        """
        if not root.is_dir():
            return None
        names = [path.name for path in root.iterdir() if path.is_dir()]
        if all(label_of_folder(recognizer, name) is None for name in names):
            return None
        found, others = folder.list_pictures(root)
        folder.warn_about_other_files(root, others)
        for picture in found:
            if label_of_folder(recognizer, picture.class_name) is None:
                raise UserError(
                    f"{root}: {recognizer.model_name} has no class {picture.class_name!r}; "
                    "move it away"
                )
        found = sorted(found, key=lambda picture: (picture.class_name, picture))
        return cls(recognizer, root, {str(each.path): each.class_name for each in found})

    def add(self, reading: Reading) -> dict[str, object]:
        """Count a picture.

        Returns:
            its `actual` class, and whether it is `right`, for a line of JSON.
        """
        self.readings.append(reading)
        actual = self.actual[reading.file]
        return {
            "actual": int(actual) if actual.isdecimal() else actual,
            "right": self.is_right(reading),
        }

    def is_right(self, reading: Reading) -> bool:
        """Return whether there is one digit in a picture, and its prediction is correct."""
        label = label_of_folder(self.recognizer, self.actual[reading.file])
        return [prediction.label for prediction in reading.predictions] == [label]

    def report(self, *, in_json: bool, show: bool, png: Path | None) -> None:
        """Print the results.

        Args:
            in_json: whether to print a line of JSON. Otherwise the mistakes, the confusion
                matrix and the accuracy are printed.
            show: whether to draw the mistakes in the terminal.
            png: the file to draw the mistakes in, or None.
        """
        if in_json:
            self.print_json()
        else:
            self.print_words()
        mistakes = self.find_mistakes()
        if mistakes:
            self.draw_mistakes(mistakes, show=show, png=png)
        elif png:
            warn(f"{png} was not written: there are no mistakes")
        model_name = self.recognizer.model_name
        if is_of_dataset(model_name, self.root):
            warn(
                f"{self.root} is in the dataset of {model_name}; it may have been trained on "
                "some of these"
            )

    def find_mistakes(self) -> list[Reading]:
        """Return the pictures that were not read correctly."""
        return [reading for reading in self.readings if not self.is_right(reading)]

    def compute_accuracy(self) -> tuple[int, float, float, float]:
        """Return the number of correct pictures, the accuracy, and its confidence interval."""
        is_right = np.array([self.is_right(reading) for reading in self.readings])
        low, high = confidence_interval(is_right) or (0.0, 1.0)
        return int(is_right.sum()), is_right.mean(), low, high

    def print_json(self) -> None:
        """Print the accuracy as a line of JSON."""
        n_right, accuracy, low, high = self.compute_accuracy()
        values = {
            "folder": str(self.root),
            "model": self.recognizer.model_name,
            "pictures": len(self.readings),
            "right": n_right,
            "accuracy": round(accuracy, 6),
            "interval": [round(low, 6), round(high, 6)],
        }
        print(json.dumps(values))

    def print_words(self) -> None:
        """Print the mistakes, the confusion matrix and the accuracy."""
        for reading in self.find_mistakes():
            predicted = reading.error or self.describe(reading)
            actual = self.actual[reading.file]
            print(to_one_line(f"{reading.file}: {actual}, {predicted}"))
        actual_names = []
        predicted_names = []
        for reading in self.readings:
            actual_names.append(to_one_line(self.actual[reading.file]))
            predicted_names.append(to_one_line(self.predicted_name(reading)))
        table = pd.DataFrame({"actual": actual_names, "predicted": predicted_names})
        confusion = pd.crosstab(table["actual"], table["predicted"])
        print(f"\n{confusion.to_string()}\n")
        n_right, accuracy, low, high = self.compute_accuracy()
        print(
            f"{self.recognizer.model_name}: {n_right} of {len(self.readings)} right, "
            f"accuracy {accuracy:.4f} (95 %: {low:.4f} to {high:.4f})"
        )

    def draw_mistakes(self, mistakes: list[Reading], *, show: bool, png: Path | None) -> None:
        """Draw the first digit of each mistake.

        Args:
            mistakes: the pictures that were not read correctly.
            show: whether to draw them in the terminal.
            png: the file to draw them in, or None.
        """
        captions = []
        images = []
        for reading in mistakes:
            file = Path(reading.file).relative_to(self.root).as_posix()
            captions.append(f"{file}, {self.describe(reading)}")
            images.append(self.first_image(reading))
        if show:
            drawing.print_images(np.stack(images), captions)
        if png:
            drawing.write_sheet(png, np.stack(images[:DRAWN]), captions[:DRAWN])

    def first_image(self, reading: Reading) -> Pixels:
        """Return the image of a picture's first digit, or a blank image."""
        if not reading.digits:
            return np.zeros(self.recognizer.shape, np.uint8)
        return drawing.stretch_contrast(reading.digits[0].image)

    def describe(self, reading: Reading) -> str:
        """Return the predictions for a picture in words."""
        if not reading.predictions:
            return MISSED
        return in_words(self.recognizer, reading.predictions)

    def predicted_name(self, reading: Reading) -> str:
        """Return the column of a picture in the confusion matrix."""
        if not reading.predictions:
            return MISSED
        if len(reading.predictions) > 1:
            return SEVERAL
        return self.recognizer.names[reading.predictions[0].label]


def label_of_folder(recognizer: Recognizer, name: str) -> int | None:
    """Return the label of the pictures in a folder. None if its name is no class."""
    if recognizer.positive:
        is_digit = re.fullmatch("[0-9]", name)
        return recognizer.label_of(int(name)) if is_digit else None
    for label in recognizer.classes:
        if recognizer.names[label] == name:
            return label
    return None


def is_of_dataset(model_name: str, root: Path) -> bool:
    """Return whether a folder is a source of the dataset of a model, or is in such a source."""
    settings = params.load()
    dataset = settings.dataset_of_task(settings.models[model_name].task)
    folder_path = root.resolve()
    for source in dataset.sources:
        for place in source.values():
            if folder_path.is_relative_to(Path(place).resolve()):
                return True
    return False


def seen_before(model_name: str, dataset: str, chosen: Vector) -> str:
    """Return how many images a model was trained on, in words.

    Args:
        model_name: the name of the model.
        dataset: the name of the images' dataset.
        chosen: the row numbers of the images.
    """
    settings = params.load()
    task_name = settings.models[model_name].task
    train_path = paths.task(task_name, "train")
    is_same_dataset = settings.dataset_name_of_task(task_name) == dataset
    if not is_same_dataset or not train_path.exists():
        return f"{model_name} may have been trained on what is shown here"
    train_rows = tables.read(train_path, ["row"])["row"]
    n_seen = np.isin(chosen, train_rows).sum()
    training_set = f"the training set of {model_name}"
    if len(chosen) > 1:
        return f"{n_seen} of these {len(chosen)} images were in {training_set}"
    verb = "was in" if n_seen else "was not in"
    return f"this image {verb} {training_set}"
