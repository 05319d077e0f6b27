"""Tables in the terminal, and in Markdown."""

from collections.abc import Sequence

import tabulate


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int, form: str = "simple") -> None:
    """Print a table, its first `left` columns aligned to the left; `form` is one of tabulate's, `pipe` for Markdown."""
    tabulate.MIN_PADDING = 0  # columns no wider than their headings: a comparison fits 80 characters
    sides = ["left"] * left + ["right"] * (len(header) - left)
    print(tabulate.tabulate(rows, header, form, colalign=sides, disable_numparse=True))
