"""Format the numbers of the report."""


def format_metric(value: float | None) -> str:
    """Return a metric with four decimals, or a dash if there is no value."""
    if value is None:
        return "–"
    return f"{value:.4f}"


def format_count(count: float) -> str:
    """Return a whole number with spaces between the thousands."""
    text = f"{count:,.0f}"
    return text.replace(",", "\N{NO-BREAK SPACE}")


def format_threshold(value: float) -> str:
    """Return a threshold with four significant digits, or as a whole number if it is large."""
    text = format_count(value) if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
