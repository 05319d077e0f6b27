"""Tables in the terminal."""


def print_table(header: list[str], rows: list[list[str]], left: int) -> None:
    """Print a table on as few columns of the screen as it needs, its first `left` columns aligned to the left."""
    widths = [max(len(cells[i]) for cells in [header, *rows]) for i in range(len(header))]
    for cells in [header, ["─" * width for width in widths], *rows]:
        padded = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        print("  ".join(padded).rstrip())
