"""What a model predicts for a digit in a picture."""

from dataclasses import dataclass
from typing import Any

from digits.results.predicting import Prediction
from digits_handwriting.regions import Box


@dataclass(frozen=True, eq=False)
class DigitPrediction(Prediction):
    """What a model predicts for a digit in a picture.

    Attributes:
        box: x, y, width and height of the digit, in pixels of the picture.
        is_atypical: whether the digit does not resemble the training images.
    """

    box: Box
    is_atypical: bool

    @property
    def text(self) -> str:
        """The label as it is printed, with a flag if the digit is flagged."""
        return f"{self.label}?" if self.is_atypical else str(self.label)

    def as_values(self) -> dict[str, Any]:
        """Return the prediction as it is in JSON, and on the drawing page."""
        flag = {"label": self.label, "unlike": self.is_atypical}
        return flag | super().as_values() | {"box": list(self.box)}
