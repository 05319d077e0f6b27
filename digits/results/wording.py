"""Words and tables that commands, report and drawing page share, such as `8, predicted 8 (97 %)`."""

from collections.abc import Sequence

from digits.core import params
from digits.core.params import Task

import tabulate

NOT_CALIBRATED = "not calibrated: {} has no folds to fit its probabilities on, or has not been evaluated"


def label_names(task: Task, classes: Sequence[str] | None = None) -> list[str]:
    """Return the name of each label: the classes', or of two sides `not 5` and `5`, `neither 0 nor 1` and `0 or 1`."""
    names = [*(classes or map(str, range(256)))]
    sides = params.sides("", task, classes or range(256))
    positive, negative = ([names[label] for label in side] for side in sides)
    if not positive:
        return names
    others = {1: f"not {positive[0]}", 2: "neither " + " nor ".join(positive)}.get(len(positive), "another")
    return [" or ".join(negative) or others, " or ".join(positive)]


def predicted(name: str, share: str, actual: object = None) -> str:
    """Return `8, predicted 8 (97 %)`; `share` is what stands in the brackets, `actual` None where it is unknown."""
    return ("" if actual is None else f"{actual}, ") + f"predicted {name} ({share})"


def percent(probability: float) -> str:
    """Return a probability as text that never claims to be certain."""
    return "> 99 %" if probability >= 0.995 else "< 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, form: str = "simple") -> None:
    """Print a table, its first `left` columns aligned to the left; `form` is one of tabulate's, `pipe` for Markdown."""
    tabulate.MIN_PADDING = 0  # columns no wider than their headings
    sides = ["left"] * left + ["right"] * (len(header) - left)
    print(tabulate.tabulate(rows, header, form, colalign=sides, disable_numparse=True, preserve_whitespace=True))
