"""What a model predicts for an image, and for a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from digits.core.pixels import Pixels
from digits.results.numbers import format_percent
from digits.results.predictions import describe_prediction

# At most this many other labels are printed, and only those with at least this probability.
N_PRINTED = 2
MIN_PRINTED = 0.01

# The rows of a table of predictions have this many other labels.
N_RUNNERS_UP = 3

# What is predicted for a picture without a digit, and for a picture with several.
NOT_FOUND = "not found"
SEVERAL = "several"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model predicts for an image.

    Attributes:
        label: the predicted label: its name, or its number if it has no other name.
        probability: its probability, 0 to 1.
        runners_up: the other labels and their probabilities, the likeliest first.
        image: the image, of the shape that the model takes.
        is_inverted: whether the picture was inverted, because its background differs from that
            of the training images.
        is_blank: whether hardly anything can be seen on the image.
    """

    label: int | str
    probability: float
    runners_up: list[tuple[int | str, float]]
    image: Pixels
    is_inverted: bool = field(default=False, kw_only=True)
    is_blank: bool = field(default=False, kw_only=True)

    @property
    def text(self) -> str:
        """The label as it is printed. A subclass may add a flag."""
        return str(self.label)

    def as_record(self) -> dict[str, Any]:
        """Return the prediction as a row of a table, with the likeliest other labels."""
        record = {"label": self.label, "probability": round(self.probability, 6)}
        for rank, (label, probability) in enumerate(self.runners_up[:N_RUNNERS_UP], start=2):
            record[f"label_{rank}"] = label
            record[f"probability_{rank}"] = round(probability, 6)
        return record


class PicturePrediction(NamedTuple):
    """What a model predicts for a picture, or for an image in a table or an array.

    Attributes:
        file: the path, `-` for standard input, or `path:id` for an image in a table or array.
        actual: the class that the picture shows, or None if it is unknown.
        predictions: one prediction, or one for each digit that was found.
        error: why there is no prediction, or None.
        id: the id of the image in a table of predictions.
    """

    file: str
    actual: str | None
    predictions: Sequence[Prediction]
    error: str | None = None
    id: str = ""

    @property
    def predicted(self) -> str:
        """The predicted class, or the words for no prediction or for several."""
        if len(self.predictions) == 1:
            return str(self.predictions[0].label)
        return SEVERAL if self.predictions else NOT_FOUND

    @property
    def is_right(self) -> bool:
        """Whether the class is known, and predicted."""
        return self.predicted == self.actual

    def describe(self) -> str:
        """Return the predictions in words, such as `cross, predicted line (97 %; cross: 3 %)`.

        If there is a single prediction, the parentheses also have the likeliest other labels.
        """
        are_numbers = all(isinstance(each.label, int) for each in self.predictions)
        separator = " " if are_numbers else ", "
        labels = separator.join(each.text for each in self.predictions)
        percents = [format_percent(each.probability) for each in self.predictions]
        details = [", ".join(percents)]
        if len(self.predictions) == 1:
            for label, probability in self.predictions[0].runners_up[:N_PRINTED]:
                if probability >= MIN_PRINTED:
                    details.append(f"{label}: {format_percent(probability)}")
        return describe_prediction(labels, "; ".join(details), self.actual)
