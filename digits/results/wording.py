"""Words and tables that commands, report and drawing page share, such as `8, predicted 8 (97 %)`."""

from collections.abc import Sequence

from digits.support.parameters import Task

import tabulate

NONE = "none"  # the prediction for what is no digit
NOT_CALIBRATED = "not calibrated: {} has no folds to fit its probabilities on, or has not been evaluated"


def label_names(name: str, task: Task | None, classes: Sequence[str] | None = None) -> list[str]:
    """Return the name of each label: the classes', or `not five` and `five` if the task has positive classes.

    With negative ones as well, those of both: `1` and `0`, `2 or 3` and `0 or 1`.
    """
    names = list(classes or map(str, range(256)))
    if not (task and task.positive):
        return names
    sides = [task.negative, task.positive] if task.negative else []
    found = [" or ".join(names[each] if isinstance(each, int) else each for each in side) for side in sides]
    return found or [f"not {name}", name]


def predicted(name: str, share: str, actual: object = None) -> str:
    """Return `8, predicted 8 (97 %)`; `share` is what stands in the brackets, `actual` None where it is unknown."""
    return ("" if actual is None else f"{actual}, ") + f"predicted {name} ({share})"


def percent(probability: float) -> str:
    """Return a probability as text that never claims to be certain."""
    return "> 99 %" if probability >= 0.995 else "< 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"


def listed(names: Sequence[str]) -> str:
    """Return names in a row; of more than four, three and the number of the others."""
    return ", ".join(names if len(names) <= 4 else [*names[:3], f"and {len(names) - 3} more"])


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int, form: str = "simple") -> None:
    """Print a table, its first `left` columns aligned to the left; `form` is one of tabulate's, `pipe` for Markdown."""
    tabulate.MIN_PADDING = 0  # columns no wider than their headings: a comparison fits 80 characters
    sides = ["left"] * left + ["right"] * (len(header) - left)
    print(tabulate.tabulate(rows, header, form, colalign=sides, disable_numparse=True))
