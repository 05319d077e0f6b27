"""Predictions in words, alike in `show`, `predict`, the report and on the drawing page: `8, predicted 8 (97 %)`."""

NOT_CALIBRATED = "not calibrated: {} has no folds to fit its probabilities on, or has not been evaluated"


NONE = "none"  # the prediction for what is no digit


def class_names(task: str, positive: object, names: list[str] | None = None) -> list[str]:
    """Return the name of each label: for a task with positive classes, such as five, `not five` and `five`.

    Args:
        task: its name.
        positive: its positive classes, if it has any.
        names: of the dataset's classes, where they are not digits.
    """
    return [f"not {task}", task] if positive else names or [str(label) for label in range(256)]


def predicted(name: str, share: str, digit: object = None) -> str:
    """Return `8, predicted 8 (97 %)`, without the first 8 where nobody knows which digit it is.

    Args:
        name: the predicted class, as `class_names` has it.
        share: its probability, as `percent` spells it, and what else is to stand in the brackets.
        digit: what the image shows.
    """
    return ("" if digit is None else f"{digit}, ") + f"predicted {name} ({share})"


def percent(probability: float) -> str:
    """Return a probability as text that never claims to be certain."""
    return "> 99 %" if probability >= 0.995 else "< 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"
