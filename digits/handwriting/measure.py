"""How well a model does on pictures whose classes are known, and whether it has seen images before.

The pictures lie in a folder with a subfolder for each class, as the sources `folder` and `handwriting` read them.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from digits import pictures
from digits.core import params, paths, tables
from digits.core.errors import PipelineError, note
from digits.core.params import Dataset
from digits.core.tables import Pixels, Vector
from digits.evaluation.metrics import interval
from digits.handwriting.reading import NONE, Reading, in_words
from digits.handwriting.recognizer import Recognizer
from digits.results import drawing
from digits.results.wording import print_table
from digits.sources import folder

import numpy as np

MISSED, SEVERAL = "not found", "several"  # no digit, or too many: columns of the matrix, as is NONE
DRAWN = 200  # mistakes on the sheet at most


class Measurement:
    """The pictures of a folder with a subfolder for each class, and what was predicted of them."""

    def __init__(self, recognizer: Recognizer, root: Path, actual: dict[str, str]) -> None:
        self.actual = actual  # the class of each file, the name of its folder
        self._recognizer, self._root = recognizer, root
        self._mistakes: list[tuple[Reading, str]] = []  # with what was predicted
        self._counts: Counter[tuple[str, str]] = Counter()  # by class, and what was predicted
        self._right_always = 0  # if nothing were called none

    @classmethod
    def of(cls, recognizer: Recognizer, root: Path) -> Self | None:
        """Return that of a folder; None unless it has a dataset's `levels`, or a subfolder named as a class."""
        inside = [each.name for each in root.iterdir() if each.is_dir()] if root.is_dir() else []
        _, levels = _home(params.load().datasets.values(), root) if inside else (None, None)
        levels = levels if levels and "class" in levels else None
        if not levels and all(_label(recognizer, name) is None for name in inside):
            return None
        try:
            found, others = folder.find(root, levels)
        except PipelineError as error:
            raise PipelineError(f"{root}: {error}") from None
        folder.note_others(root, others)
        actual = {str(each.path): each.class_name for each in sorted(found, key=lambda each: (each.class_name, each))}
        for name in actual.values():
            if _label(recognizer, name) is None:
                raise PipelineError(f"{root}: {recognizer.experiment} has no class {name!r}; move it elsewhere")
        return cls(recognizer, root, actual)

    def add(self, reading: Reading) -> dict[str, object]:
        """Count a picture; return its `actual` class and whether it is `right`: one digit, and of its class."""
        actual = self.actual[reading.file]
        labels, label = [each.label for each in reading.predictions], _label(self._recognizer, actual)
        is_none = [each.is_none for each in reading.predictions] == [True]
        named = NONE if is_none else self._recognizer.names[labels[0]] if labels else MISSED
        predicted = SEVERAL if len(labels) > 1 else named
        self._counts[actual, predicted] += 1
        self._right_always += labels == [label]
        right = labels == [label] and not is_none
        if not right:
            self._mistakes.append((reading, predicted))
        return {"actual": int(actual) if actual.isdecimal() else actual, "right": right}

    def report(self, *, in_json: bool, show: bool, png: Path | None) -> None:
        """Print the figures as a line of JSON, or in words and with the mistakes drawn; write the mistakes to `png`."""
        images = self._counts.total()
        right = images - len(self._mistakes)
        low, high = interval(np.arange(images) < right) or (0.0, 1.0)
        captions = [
            f"{'/'.join(Path(each.file).parts[-2:])}, {self._verdict(each, name)}" for each, name in self._mistakes
        ]
        model = self._recognizer.experiment
        if in_json:
            figures = {"accuracy": round(right / images, 6), "interval": [round(low, 6), round(high, 6)]}
            self._print_json({"pictures": images, "right": right, **figures, "right_always": self._right_always})
        else:
            self._print_tables()
            accuracy = f"accuracy {right / images:.4f} (95 %: {low:.4f} to {high:.4f})"
            always = f"; {self._right_always} if nothing is called none (--always)" if self._has_none else ""
            print(f"\n{model}: {right} of {images} right, {accuracy}{always}")
            if show and captions:
                drawing.print_images(self._images(), captions)
        if png and captions:
            drawing.write_sheet(png, self._images()[:DRAWN], captions[:DRAWN])
        elif png:
            note(f"{png} was not written: there are no mistakes")
        if home := trained_on(model, self._root):
            note(f"{model} was trained on pictures of {home}; it may have seen some of these before")

    @property
    def _has_none(self) -> bool:
        return self._recognizer.novelty is not None and not self._recognizer.always

    def _verdict(self, reading: Reading, predicted: str) -> str:
        """Return `predicted 3 (93 %)`, `predicted none (nearest 7: 93 %)`, `predicted several` or `not found`."""
        if len(reading.predictions) == 1:
            return in_words(self._recognizer, reading.predictions)
        return predicted if predicted == MISSED else f"predicted {predicted}"

    def _print_json(self, figures: dict[str, object]) -> None:
        """Print figures, the counts of the confusion matrix that are not zero, and the mistakes."""
        confusion: dict[str, dict[str, int]] = {}
        for (actual, predicted), count in self._counts.items():
            confusion.setdefault(actual, {})[predicted] = count
        values = {"folder": str(self._root), "model": self._recognizer.experiment, **figures, "confusion": confusion}
        values["mistakes"] = [reading.file for reading, _ in self._mistakes]
        print(json.dumps(values, ensure_ascii=False))

    def _print_tables(self) -> None:
        """Print the mistakes and the confusion matrix."""
        for reading, _ in self._mistakes:
            words = reading.error or in_words(self._recognizer, reading.predictions)
            print(f"{reading.file}: {self.actual[reading.file]}, {words}")
        if self._mistakes:
            print()
        classes, predicted = dict.fromkeys(self.actual.values()), {name for _, name in self._counts}
        occurring = predicted.union(self._recognizer.names if self._recognizer.positive else classes)
        columns = [name for name in [*self._recognizer.names, NONE, MISSED, SEVERAL] if name in occurring]
        rows = [[f"actual {name}", *(str(self._counts[name, column] or "·") for column in columns)] for name in classes]
        print_table(["predicted", *columns], rows, left=1)

    def _images(self) -> Pixels:
        """Return what the model saw of the mistakes, shape (mistakes, size, size), 0 (paper) to 255 (ink).

        Where no digit or several were found, it is the whole picture, small.
        """
        size = self._recognizer.size
        return np.stack([_seen(reading, size) for reading, _ in self._mistakes])


def _label(recognizer: Recognizer, name: str) -> int | None:
    """Return the label of pictures in a folder of this name; None where it is no class of the model."""
    if recognizer.positive:
        return recognizer.label_of(int(name)) if re.fullmatch("[0-9]", name) else None
    return next((label for label in recognizer.classes if recognizer.names[label] == name), None)


def _seen(reading: Reading, size: int) -> Pixels:
    if len(reading.digits) == 1:
        return drawing.brightened(reading.digits[0].image)
    try:
        return 255 - folder.fit(pictures.read(Path(reading.file)).grey, size, size)
    except (pictures.PictureError, OSError):
        return np.zeros((size, size), np.uint8)


def trained_on(experiment: str, root: Path) -> Path | None:
    """Return the source that a folder is or lies in of a dataset that an experiment's model is trained on."""
    settings = params.load()
    splits = [settings.tasks[settings.experiments[experiment].task].split]
    if mix := settings.mixes.get(splits[0]):
        splits = [mix.split, *[mix.own] * bool(mix.weight)]
    return _home([settings.datasets[settings.splits[split].dataset] for split in splits], root)[0]


def _home(datasets: Iterable[Dataset], root: Path) -> tuple[Path | None, list[str] | None]:
    """Return the source of a dataset that a folder is or lies in, and the dataset's `levels` from there on."""
    for dataset in datasets:
        for home in (Path(place) for source in dataset.sources for place in source.values()):
            if root.resolve().is_relative_to(home.resolve()):
                depth = len(root.resolve().relative_to(home.resolve()).parts)
                return home, [*dataset.levels[depth:]] if dataset.levels else None
    return None, None


def seen_before(experiment: str, dataset: str, chosen: Vector) -> str:
    """Say how many of a dataset's images, by their row numbers, an experiment's model was trained on."""
    settings = params.load()
    task = settings.experiments[experiment].task
    train = paths.task(task, "train")
    if settings.dataset_of(task) != dataset or not train.exists():
        return f"{experiment} may have been trained on what is shown here"
    seen = np.isin(chosen, tables.read(train, ["row"])["row"]).sum()
    return f"{experiment} was trained on {seen} of {len(chosen)} shown here"
