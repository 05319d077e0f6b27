"""How exact the written figures are."""

DECIMALS = 6  # the last bits, which may differ from machine to machine, do not show


def rounded(value: float) -> float:
    """Round a figure as all files of results have it."""
    return round(float(value), DECIMALS)
