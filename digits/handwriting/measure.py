"""How well a model does on pictures whose classes are known, and whether it has seen them before.

The pictures lie in a folder with a subfolder for each class, as the sources `folder` and `handwriting` read them.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, to_one_line, warn
from digits.core.tables import Vector
from digits.evaluation.metrics import confidence_interval
from digits.handwriting.reading import Reading, in_words
from digits.handwriting.recognizer import Recognizer
from digits.results import drawing
from digits.sources import folder

import numpy as np
import pandas as pd

MISSED, SEVERAL = (
    "not found",
    "several",
)  # no digit, or too many: columns of the confusion matrix
DRAWN = 200  # mistakes on the sheet at most


@dataclass
class Measurement:
    """The pictures of a folder with a subfolder for each class, and what was predicted of them."""

    recognizer: Recognizer
    root: Path
    actual: dict[str, str]  # the class of each file, the name of its folder
    readings: list[Reading] = field(default_factory=list)

    @classmethod
    def of(cls, recognizer: Recognizer, root: Path) -> Self | None:
        """Return that of a folder; None unless it has a subfolder named as a class."""
        inside = (
            [each.name for each in root.iterdir() if each.is_dir()] if root.is_dir() else []
        )
        if all(_label(recognizer, name) is None for name in inside):
            return None
        found, others = folder.list_pictures(root)
        folder.warn_about_other_files(root, others)
        for each in found:
            if _label(recognizer, each.class_name) is None:
                raise PipelineError(
                    f"{root}: {recognizer.model_name} has no class {each.class_name!r}; move it away"
                )
        found = sorted(found, key=lambda each: (each.class_name, each))
        return cls(recognizer, root, {str(each.path): each.class_name for each in found})

    def add(self, reading: Reading) -> dict[str, object]:
        """Count a picture; return its `actual` class and whether it is `right`: one digit, and of its class."""
        self.readings.append(reading)
        actual = self.actual[reading.file]
        return {
            "actual": int(actual) if actual.isdecimal() else actual,
            "right": self._is_right(reading),
        }

    def _is_right(self, reading: Reading) -> bool:
        label = _label(self.recognizer, self.actual[reading.file])
        return [each.label for each in reading.predictions] == [label]

    def report(self, *, in_json: bool, show: bool, png: Path | None) -> None:
        """Print the accuracy as JSON, or after mistakes and confusion matrix; draw the mistakes' first digits."""
        is_right = np.array([self._is_right(reading) for reading in self.readings])
        mistakes = [reading for reading in self.readings if not self._is_right(reading)]
        low, high = confidence_interval(is_right) or (0.0, 1.0)
        model, right, accuracy = (
            self.recognizer.model_name,
            int(is_right.sum()),
            is_right.mean(),
        )
        words = [
            in_words(self.recognizer, each.predictions) if each.predictions else MISSED
            for each in mistakes
        ]
        files = [Path(each.file).relative_to(self.root).as_posix() for each in mistakes]
        captions = [f"{file}, {each}" for file, each in zip(files, words, strict=True)]
        if in_json:
            values = {
                "folder": str(self.root),
                "model": model,
                "pictures": len(is_right),
                "right": right,
            }
            values |= {
                "accuracy": round(accuracy, 6),
                "interval": [round(low, 6), round(high, 6)],
            }
            print(json.dumps(values))
        else:
            for reading, predicted in zip(mistakes, words, strict=True):
                actual = self.actual[reading.file]
                print(to_one_line(f"{reading.file}: {actual}, {reading.error or predicted}"))
            by_file = [
                [to_one_line(self.actual[each.file]), to_one_line(self._predicted(each))]
                for each in self.readings
            ]
            table = pd.DataFrame(by_file, columns=["actual", "predicted"])
            print(f"\n{pd.crosstab(table['actual'], table['predicted']).to_string()}\n")
            print(
                f"{model}: {right} of {len(is_right)} right, accuracy {accuracy:.4f} (95 %: {low:.4f} to {high:.4f})"
            )
        blank = np.zeros(self.recognizer.shape, np.uint8)
        seen = [
            drawing.stretch_contrast(each.digits[0].image) if each.digits else blank
            for each in mistakes
        ]
        if show and mistakes:
            drawing.print_images(np.stack(seen), captions)
        if png and mistakes:
            drawing.write_sheet(png, np.stack(seen[:DRAWN]), captions[:DRAWN])
        elif png:
            warn(f"{png} was not written: there are no mistakes")
        if is_of_dataset(model, self.root):
            warn(
                f"{self.root} is in the dataset of {model}; it may have been trained on some of these"
            )

    def _predicted(self, reading: Reading) -> str:
        if len(reading.predictions) == 1:
            return self.recognizer.names[reading.predictions[0].label]
        return SEVERAL if reading.predictions else MISSED


def _label(recognizer: Recognizer, name: str) -> int | None:
    """Return the label of pictures in a folder of this name; None where it is no class of the model."""
    if recognizer.positive:
        return recognizer.label_of(int(name)) if re.fullmatch("[0-9]", name) else None
    return next(
        (label for label in recognizer.classes if recognizer.names[label] == name), None
    )


def is_of_dataset(model_name: str, root: Path) -> bool:
    """Tell whether a folder is, or lies in, a source of the dataset of a model."""
    settings = params.load()
    dataset = settings.dataset_of_task(settings.models[model_name].task)
    places = (place for source in dataset.sources for place in source.values())
    return any(root.resolve().is_relative_to(Path(place).resolve()) for place in places)


def seen_before(model_name: str, dataset: str, chosen: Vector) -> str:
    """Say how many of a dataset's images, by their row numbers, a model was trained on."""
    settings = params.load()
    task = settings.models[model_name].task
    if (
        settings.dataset_name_of_task(task) != dataset
        or not (train := paths.task(task, "train")).exists()
    ):
        return f"{model_name} may have been trained on what is shown here"
    seen = np.isin(chosen, tables.read(train, ["row"])["row"]).sum()
    one, many = (
        f"this image was {'in' if seen else 'not in'}",
        f"{seen} of these {len(chosen)} images were in",
    )
    return f"{many if len(chosen) > 1 else one} the training set of {model_name}"
