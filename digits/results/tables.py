"""Print tables for people and for programs."""

import json
from collections.abc import Sequence

import click
import pandas as pd
import tabulate

from digits.messages.terminal import echo, to_printable


def print_table(
    table_format: str,
    data: pd.DataFrame,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: str = "",
) -> None:
    """Print a table for people, or its data for programs.

    Args:
        table_format: `table` and `markdown` are for people, `json` and `csv` for programs.
        data: what programs read: plain names and numbers. A missing value is null in JSON, and
            empty in CSV.
        headings: the headings of the columns for people. They can have several lines.
        rows: the text of each cell for people. If there are none, only the notes are printed.
        notes: what people read below the table.
    """
    if table_format == "json":
        values = data.astype(object).where(data.notna(), None)
        echo(json.dumps(values.to_dict("records"), indent=2))
    elif table_format == "csv":
        print_csv(data)
    else:
        text = format_rows(headings, rows, table_format) if rows else ""
        echo("\n\n".join(filter(None, [text, notes])))


def print_csv(data: pd.DataFrame) -> None:
    """Print a table as CSV in UTF-8, also if the terminal has another encoding."""
    text = to_printable(data.to_csv(index=False))
    # The name of a file may have bytes that are no text.
    click.echo(text.encode("utf-8", "surrogateescape"), nl=False)  # noqa: TID251


def format_rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], table_format: str = "table"
) -> str:
    """Return a table, whose first column is aligned to the left, and all others to the right.

    Its format is `table` or `markdown`.
    """
    rows = [[to_printable(cell) for cell in row] for row in rows]
    if table_format == "markdown":  # a heading is a single line
        headings = [heading.replace("\n", " ") for heading in headings]
        rows = [[cell.replace("\n", " ").replace("|", "\\|") for cell in row] for row in rows]
    padding = tabulate.MIN_PADDING
    tabulate.MIN_PADDING = 0  # a column is not wider than its heading and its values
    try:
        return tabulate.tabulate(
            rows,
            headings,
            "pipe" if table_format == "markdown" else "simple",
            colalign=["left"] + ["right"] * (len(headings) - 1),
            disable_numparse=True,
            preserve_whitespace=True,
        )
    finally:
        tabulate.MIN_PADDING = padding
