"""Say whether the difference of two models is significant."""

from digits.results.differences import NO_TEST, Difference, PairedTest
from digits.results.numbers import format_p_value, format_points

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
        format_points(difference.points),
        format_p_value(difference.test.p_value),
        str(len(difference.fixed)),
        str(len(difference.broken)),
    ]


def describe_subset(difference: Difference) -> str:
    """Return which images two models were compared on."""
    if difference.is_cross_validated:
        return "in cross-validation"
    return "of the test set"


def format_verdict(difference: Difference) -> str:
    """Return in words whether a difference is significant, and in which test."""
    n_groups = len(difference.points_of_groups)
    if difference.test is NO_TEST:
        points = ", ".join(format_points(value) for value in difference.points_of_groups)
        return f"too few groups for a test: {n_groups} (differences {points} points)"
    test_name = f"a t-test over {n_groups} groups" if n_groups else "McNemar's exact test"
    return f"{format_significance(difference.test)} in {test_name}"


def format_significance(test: PairedTest) -> str:
    """Return in words whether a difference is significant, and its confidence interval."""
    if test.is_significant:
        conclusion = "the difference is significant"
    else:
        conclusion = "no significant difference"
    low = format_points(test.low)
    high = format_points(test.high)
    return f"{conclusion} (99 % interval {low} to {high} points)"
