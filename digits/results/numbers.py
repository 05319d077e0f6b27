"""Format numbers as the commands, the report and the drawing page print them."""

import numpy as np
import pandas as pd

NO_VALUE = "–"  # the text of a cell without a value


def format_percent(probability: float) -> str:
    """Return a probability in percent. The text never says that something is certain."""
    if probability >= 0.995:
        return "> 99 %"
    if probability < 0.005:
        return "< 1 %"
    return f"{100 * probability:.0f} %"


def format_metric(value: float | None) -> str:
    """Return a metric with four decimals, or a dash if there is no value."""
    return NO_VALUE if pd.isna(value) else f"{value:.4f}"


def format_points(points: float) -> str:
    """Return a difference in percentage points, always with its sign, or a dash."""
    return NO_VALUE if np.isnan(points) else f"{points:+z.2f}"  # z: no negative zero


def format_p_value(p_value: float) -> str:
    """Return a p-value with two digits, or a dash if there is no test."""
    if np.isnan(p_value):
        return NO_VALUE
    if p_value < 0.001:
        return "< 0.001"
    return f"{p_value:.2g}"
