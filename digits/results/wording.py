"""Predictions in words, alike in `show`, `predict`, the report and on the drawing page: `8, predicted 8 (97 %)`."""

from collections.abc import Sequence

NONE = "none"  # the prediction for what is no digit
NOT_CALIBRATED = "not calibrated: {} has no folds to fit its probabilities on, or has not been evaluated"


def label_names(task: str, positive: object, classes: Sequence[str] | None = None) -> list[str]:
    """Return the name of each label: `not five` and `five` if the task has positive classes, else the classes'."""
    return [f"not {task}", task] if positive else list(classes or map(str, range(256)))


def predicted(name: str, share: str, actual: object = None) -> str:
    """Return `8, predicted 8 (97 %)`; `share` is what stands in the brackets, `actual` None where it is unknown."""
    return ("" if actual is None else f"{actual}, ") + f"predicted {name} ({share})"


def percent(probability: float) -> str:
    """Return a probability as text that never claims to be certain."""
    return "> 99 %" if probability >= 0.995 else "< 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"
