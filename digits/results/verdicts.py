"""Say whether the difference of two models is significant."""

from digits.results.differences import Difference, is_significant
from digits.results.numbers import format_p_value, format_points

# Which images two models were compared on, by the subset.
SUBSETS = {"cross_validation": "in cross-validation", "test": "of the test set"}

# The columns of a table of differences: the name of the model, then what `format_difference`
# returns.
DIFFERENCE_HEADINGS = [
    "model",
    "accuracy\nbefore",
    "accuracy\nafter",
    "difference\n(points)",
    "p",
    "fixed",
    "broken",
]


def format_difference(difference: Difference) -> list[str]:
    """Return a row of a table of differences, without the name of the model."""
    return [
        f"{difference.accuracy_before:.4f}",
        f"{difference.accuracy_after:.4f}",
        format_points(difference.difference),
        format_p_value(difference.p_value),
        str(difference.fixed),
        str(difference.broken),
    ]


def format_verdict(difference: Difference) -> str:
    """Return in words on which images a difference is significant or not, and in which test."""
    images = f"{difference.images:,} images {SUBSETS[difference.subset]}"
    n_groups = len(difference.points_of_groups)
    if difference.is_significant is None:
        points = ", ".join(format_points(value) for value in difference.points_of_groups)
        return f"{images}: too few groups for a test: {n_groups} (differences {points} points)"
    test_name = f"a t-test over {n_groups} groups" if n_groups else "McNemar's exact test"
    verdict = format_significance(difference.p_value, difference.low, difference.high)
    return f"{images}: {verdict} in {test_name}"


def format_significance(p_value: float, low: float, high: float) -> str:
    """Return in words whether a difference is significant, and its confidence interval.

    The arguments are those of `PairedTest`.
    """
    conclusion = "no significant difference"
    if is_significant(p_value):
        conclusion = "the difference is significant"
    return f"{conclusion} (99 % interval {format_points(low)} to {format_points(high)} points)"
