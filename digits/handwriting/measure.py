"""How well a model does on pictures whose classes are known, and whether it has seen images before.

The pictures lie in a folder with a subfolder for each class, as the sources `folder` and `handwriting` read them.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple, Self

from digits.handwriting.reading import Reading, in_words
from digits.handwriting.recognizer import Recognizer
from digits.io import files, parquet, paths
from digits.io.tables import IMAGES, Pixels, Vector
from digits.results import drawing
from digits.results.intervals import accuracy_interval
from digits.results.table import print_table
from digits.sources import SourceError, folder
from digits.support import cli, parameters, pictures
from digits.support.errors import ParameterError, PipelineError, show
from digits.support.parameters import Dataset, Experiment, Mix, Split

import numpy as np

NONE, SEVERAL = "none", "several"  # no digit, or too many: columns of the confusion matrix
DRAWN = 200  # mistakes on the sheet at most


class Mistake(NamedTuple):
    """A picture that was predicted wrongly: what was found in it, what to print of it, and the same in short."""

    reading: Reading
    words: str
    caption: str


class Measurement:
    """The pictures of a folder with a subfolder for each class, and what was predicted of them.

    Attributes:
        actual: the class of each file, the name of its folder.
    """

    def __init__(self, recognizer: Recognizer, root: Path, actual: dict[str, str]) -> None:
        self.actual = actual
        self._recognizer, self._root = recognizer, root
        self._mistakes: list[Mistake] = []
        self._counts: Counter[tuple[str, str]] = Counter()  # by class, and what was predicted

    @classmethod
    def of(cls, recognizer: Recognizer, root: Path) -> Self | None:
        """Return that of a folder; None unless it has a subfolder named as a class.

        Raises:
            ParameterError: the model does not have the class of another subfolder.
            PipelineError: what else is in the folder is not as `folder.list_classes` wants it.
        """
        if not root.is_dir():
            return None
        if not any(_label(recognizer, each.name) is not None for each in root.iterdir() if each.is_dir()):
            return None
        try:
            of_class = folder.list_classes(root)
        except SourceError as error:
            raise PipelineError(f"{root}: {error}") from None
        for name in of_class:
            if _label(recognizer, name) is None:
                raise ParameterError(f"{root}: {recognizer.experiment} has no class {show(name)}; move it elsewhere")
        return cls(recognizer, root, {str(path): name for name, found in of_class.items() for path in found})

    def add(self, reading: Reading) -> dict[str, object]:
        """Count a picture; return its `actual` class and whether it is `right`: one digit, and of its class."""
        actual, found = self.actual[reading.file], len(reading.predictions)
        labels = [None if each.is_none else each.label for each in reading.predictions]
        label = labels[0] if found else None
        predicted = SEVERAL if found > 1 else NONE if label is None else self._recognizer.names[label]
        self._counts[actual, predicted] += 1
        right = labels == [_label(self._recognizer, actual)]
        if not right:
            words = reading.error or in_words(self._recognizer, reading.predictions)
            words += f": {found} digits in one picture" if found > 1 else ""
            what = f"predicted {predicted}" if found == 1 else f"{found or 'no'} digits found"
            caption = f"{'/'.join(Path(reading.file).parts[-2:])}, {what}"
            self._mistakes.append(Mistake(reading, f"{actual}, {words}", caption))
        return {"actual": int(actual) if actual.isdecimal() else actual, "right": right}

    def report(self, *, in_json: bool, in_terminal: bool, png: Path | None) -> None:
        """Print the figures, as JSON or in words, and draw the mistakes where that is asked for."""
        print(self.as_json()) if in_json else self.print()
        captions = [mistake.caption for mistake in self._mistakes]
        if in_terminal and captions:
            drawing.print_images(self._images(), captions, sys.stderr if in_json else sys.stdout)
        if png and captions:
            drawing.write_sheet(png, self._images()[:DRAWN], captions[:DRAWN])
            if len(captions) > DRAWN:
                cli.note(f"{png} has the first {DRAWN} of {len(captions)} mistakes")
        elif png:
            cli.note(f"{png} was not written: there are no mistakes")
        if trained_on(self._recognizer.experiment, self._root):
            cli.note(f"{self._recognizer.experiment} was trained on pictures of this folder; it has seen some before")

    def as_json(self) -> str:
        """Return the figures as a line of JSON; the confusion matrix has the counts that are not zero."""
        confusion: dict[str, dict[str, int]] = {}
        for (actual, predicted), count in self._counts.items():
            confusion.setdefault(actual, {})[predicted] = count
        images, right = self._counts.total(), self._right()
        values = {
            "folder": str(self._root),
            "model": self._recognizer.experiment,
            "pictures": images,
            "right": right,
            "accuracy": right / images,
            "interval": accuracy_interval(right, images),
            "confusion": confusion,
            "mistakes": [mistake.reading.file for mistake in self._mistakes],
        }
        return json.dumps(files.rounded(values), ensure_ascii=False)

    def print(self) -> None:
        """Print the mistakes, the confusion matrix and the accuracy."""
        for mistake in self._mistakes:
            print(f"{mistake.reading.file}: {mistake.words}")
        if self._mistakes:
            print()
        classes, predicted = dict.fromkeys(self.actual.values()), {name for _, name in self._counts}
        occurring = predicted.union(classes if self._recognizer.positive is None else self._recognizer.names)
        columns = [name for name in [*self._recognizer.names, NONE, SEVERAL] if name in occurring]
        rows = [[f"actual {name}", *(str(self._counts[name, column] or "·") for column in columns)] for name in classes]
        print_table(["predicted", *columns], rows, left=1)
        images, right = self._counts.total(), self._right()
        low, high = accuracy_interval(right, images)
        print(f"\n{self._recognizer.experiment}: {right} of {images} right, ", end="")
        print(f"accuracy {right / images:.4f} (95 %: {low:.4f} to {high:.4f})")

    def _right(self) -> int:
        return self._counts.total() - len(self._mistakes)

    def _images(self) -> Pixels:
        """Return what the model saw of the mistakes, shape (mistakes, size, size), 0 (paper) to 255 (ink).

        Where no digit or several were found, it is the whole picture, small.
        """
        size, readings = self._recognizer.size, [mistake.reading for mistake in self._mistakes]
        drawn = [
            drawing.brightened(each.digits[0].image) if len(each.digits) == 1 else _thumbnail(each.file, size)
            for each in readings
        ]
        return np.stack(drawn)


def _label(recognizer: Recognizer, name: str) -> int | None:
    """Return the label of pictures in a folder of this name; None where it is no class of the model."""
    if recognizer.positive is not None:
        return int(int(name) in recognizer.positive) if re.fullmatch("[0-9]", name) else None
    return next((label for label in recognizer.classes if recognizer.names[label] == name), None)


def _thumbnail(file: str, size: int) -> Pixels:
    try:
        return 255 - folder.fit(pictures.read(Path(file)).grey, size, size)
    except (pictures.PictureError, OSError):
        return np.zeros((size, size), np.uint8)


def trained_on(experiment: str, root: Path) -> bool:
    """Tell whether a folder is a source of a dataset that an experiment's model is trained on."""
    params = parameters.load()
    splits = [params.block(Experiment, experiment).split]
    if splits[0] in params.names(Mix):
        mix = params.block(Mix, splits[0])
        splits = [mix.split, *[mix.own] * bool(mix.weight)]
    datasets = [params.block(Dataset, params.block(Split, split).dataset) for split in splits]
    places = [place for dataset in datasets for source in dataset.sources for place in source.values()]
    return any(root.resolve() == Path(place).resolve() for place in places)


def seen_before(experiment: str, dataset: str, chosen: Vector) -> str:
    """Say which of a dataset's images, by their row numbers, an experiment's model was trained on."""
    params = parameters.load()
    split = params.block(Experiment, experiment).split
    train = paths.split(split, "train")
    is_mixed = split in params.names(Mix)
    is_other = params.dataset_of(experiment) != dataset
    if is_other and not is_mixed:
        return f"{experiment} was trained on other images than {dataset}"
    if is_other or not train.exists():
        return f"{experiment} may have been trained on what is shown here"
    seen = int(np.isin(chosen, parquet.read_column(train, IMAGES, "row")).sum())
    if len(chosen) > 1:
        return f"{experiment} was trained on {seen or 'none'} of these {len(chosen)} images"
    if seen:
        return f"the image is in the training part: {experiment} has seen it before"
    return f"the image is not in the training part: {experiment} has never seen it"
