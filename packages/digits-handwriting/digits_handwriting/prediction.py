"""What a model predicts for a digit in a picture."""

from dataclasses import dataclass
from typing import Any

from digits.predicting.prediction import Prediction
from digits_handwriting.regions import Box


@dataclass(frozen=True, eq=False)
class DigitPrediction(Prediction):
    """What a model predicts for a digit in a picture.

    Attributes:
        box: x, y, width and height of the digit, in pixels of the picture.
        is_novel: whether the digit does not resemble the training images, and is flagged.
    """

    box: Box
    is_novel: bool

    @property
    def text(self) -> str:
        """The label as it is printed, with a flag if the digit is flagged."""
        return f"{self.label}?" if self.is_novel else str(self.label)

    def as_record(self) -> dict[str, Any]:
        """Return the prediction as a row of a table, with the box and the flag."""
        box = dict(zip(["x", "y", "width", "height"], self.box, strict=True))
        return super().as_record() | {"unlike": self.is_novel, **box}
