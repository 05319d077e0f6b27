"""How well a model does on pictures whose classes are known, and whether it has seen images before.

The pictures lie in a folder with a subfolder for each class, as the sources `folder` and `handwriting` read them.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from digits.handwriting.components import Digit
from digits.handwriting.recognizer import Prediction, Recognizer
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

NONE, SEVERAL = "none", "several"  # no digit, or too many where one was to be: columns of the confusion matrix
DRAWN = 200  # mistakes on the sheet at most


class Mistake(NamedTuple):
    """A picture that was not predicted rightly.

    Attributes:
        file: its path.
        words: what it shows, and what was predicted.
        caption: the same in short.
        digits: those found in it.
    """

    file: str
    words: str
    caption: str
    digits: list[Digit]


class Measurement:
    """The pictures of a folder with a subfolder for each class, and what was predicted of them.

    Attributes:
        actual: the class of each file, the name of its folder.
    """

    def __init__(self, recognizer: Recognizer, root: str, actual: dict[str, str]) -> None:
        self.actual = actual
        self._recognizer, self._root = recognizer, root
        self._mistakes: list[Mistake] = []
        self._counts: Counter[tuple[str, str]] = Counter()  # by class, and what was predicted

    @classmethod
    def of(cls, recognizer: Recognizer, places: Sequence[str]) -> Self | None:
        """Return that of a folder; None unless it is the only place, and has a subfolder named as a class.

        Raises:
            ParameterError: the model has not the class of another subfolder.
            PipelineError: what else is in the folder is not as `folder.list_classes` has it.
        """
        root = Path(places[0])
        if len(places) > 1 or not root.is_dir():
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
        return cls(recognizer, str(root), {str(path): name for name, found in of_class.items() for path in found})

    def add(self, file: str, digits: list[Digit], predictions: Sequence[Prediction], words: str) -> bool:
        """Count what was predicted of a picture, and tell whether it is right: one digit, and of its class.

        Args:
            file: one of `actual`.
            digits: those found in it.
            predictions: of each digit.
            words: what was predicted, or why nothing was.
        """
        labels, actual = [None if each.is_none else next(iter(each)) for each in predictions], self.actual[file]
        label = labels[0] if labels else None
        predicted = SEVERAL if len(labels) > 1 else NONE if label is None else self._recognizer.names[label]
        self._counts[actual, predicted] += 1
        if labels == [_label(self._recognizer, actual)]:
            return True
        words += f": {len(labels)} digits in one picture" if len(labels) > 1 else ""
        what = f"predicted {predicted}" if len(labels) == 1 else f"{len(labels) or 'no'} digits found"
        self._mistakes.append(Mistake(file, words, f"{'/'.join(Path(file).parts[-2:])}, {what}", digits))
        return False

    def report(self, *, in_json: bool, in_terminal: bool, png: Path | None) -> None:
        """Print the figures, as JSON or in words, and draw the mistakes where that is asked for."""
        print(self.as_json()) if in_json else self.print()
        if in_terminal and self._mistakes:
            captions = [mistake.caption for mistake in self._mistakes]
            drawing.print_images(self._images(self._mistakes), captions, sys.stderr if in_json else sys.stdout)
        if png:
            self.draw(png)
        if trained_on(self._recognizer.experiment, self._root):
            cli.note(f"{self._recognizer.experiment} was trained on pictures of this folder; it has seen some before")

    def as_json(self) -> str:
        """Return the figures as a line of JSON; the confusion matrix has the counts that are not zero."""
        confusion: dict[str, dict[str, int]] = {}
        for (actual, predicted), count in self._counts.items():
            confusion.setdefault(actual, {})[predicted] = count
        right, pictures, accuracy, interval = self._accuracy()
        values = {
            "folder": self._root,
            "model": self._recognizer.experiment,
            "pictures": pictures,
            "right": right,
            "accuracy": accuracy,
            "interval": interval,
            "confusion": confusion,
            "mistakes": [mistake.file for mistake in self._mistakes],
        }
        return json.dumps(files.rounded(values), ensure_ascii=False)

    def print(self) -> None:
        """Print the mistakes, the confusion matrix and the accuracy."""
        for mistake in self._mistakes:
            print(f"{mistake.file}: {mistake.words}")
        if self._mistakes:
            print()
        classes, predicted = dict.fromkeys(self.actual.values()), {name for _, name in self._counts}
        known = predicted.union(classes if self._recognizer.positive is None else self._recognizer.names)
        columns = [name for name in [*self._recognizer.names, NONE, SEVERAL] if name in known]
        rows = [[f"actual {name}", *(str(self._counts[name, column] or "·") for column in columns)] for name in classes]
        print_table(["predicted", *columns], rows, left=1)
        right, pictures, accuracy, (low, high) = self._accuracy()
        print(f"\n{self._recognizer.experiment}: {right} of {pictures} right, ", end="")
        print(f"accuracy {accuracy:.4f} (95 %: {low:.4f} to {high:.4f})")

    def draw(self, path: Path) -> None:
        """Draw the mistakes on a sheet, if there are any."""
        drawn = self._mistakes[:DRAWN]
        if not drawn:
            cli.note(f"{path} was not written: there are no mistakes")
            return
        with files.atomic_write(path) as temporary:
            drawing.sheet(self._images(drawn), [mistake.caption for mistake in drawn]).save(temporary, "PNG")
        if len(drawn) < len(self._mistakes):
            cli.note(f"{path} has the first {DRAWN} of {len(self._mistakes)} mistakes")

    def _accuracy(self) -> tuple[int, int, float, tuple[float, float]]:
        """Return how many are right, of how many, the accuracy, and its interval."""
        images = self._counts.total()
        right = images - len(self._mistakes)
        return right, images, right / images, accuracy_interval(right, images)

    def _images(self, mistakes: Sequence[Mistake]) -> Pixels:
        """Return what the model saw of mistakes, shape (mistakes, size, size), 0 (paper) to 255 (ink).

        Where no digit or several were found, it is the whole picture, small.
        """
        size = self._recognizer.size
        return np.stack(
            [
                drawing.brightened(each.digits[0].image) if len(each.digits) == 1 else _thumbnail(each.file, size)
                for each in mistakes
            ]
        )


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


def trained_on(experiment: str, root: str) -> bool:
    """Tell whether a folder is a source of a dataset that an experiment's model is trained on."""
    params = parameters.load()
    splits = [params.block(Experiment, experiment).split]
    if splits[0] in params.names(Mix):
        mix = params.block(Mix, splits[0])
        splits = [mix.split, *[mix.own] * bool(mix.weight)]
    datasets = [params.block(Dataset, params.block(Split, split).dataset) for split in splits]
    places = [place for dataset in datasets for source in dataset.sources for place in source.values()]
    return any(Path(root).resolve() == Path(place).resolve() for place in places)


def seen_before(experiment: str, dataset: str, chosen: Vector) -> str:
    """Say which of a dataset's images an experiment's model was trained on."""
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
