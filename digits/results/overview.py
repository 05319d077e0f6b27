"""Describe the images of a dataset in a few lines, so that a mistake is seen at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from digits.core.images import Images, checksum_prefixes
from digits.core.pixels import Vector
from digits.fetching.background import find_blank
from digits.fetching.summary import Summary, describe_losses, read_committed_summary
from digits.messages.terminal import echo, shorten, to_one_line, warn
from digits.sources import Source


def print_overview(
    name: str, images: Images, summary: Summary, sources: Sequence[Source]
) -> None:
    """Print what the images of a dataset are, and warn if the last commit has more of them."""
    committed = read_committed_summary(name)
    losses = describe_losses(committed, summary) if committed else []
    if losses:
        warn(f"{name} has fewer images than in the last commit: {shorten(losses)}")
    for line in describe_images(images, summary, sources):
        echo(to_one_line(line))


def describe_images(images: Images, summary: Summary, sources: Sequence[Source]) -> list[str]:
    """Return a few lines about the images of a dataset, which come from one of the sources."""
    listed = shorten([f"{name} {count:,}" for name, count in summary.classes.items()])
    lines = [f"{len(images):,} images of {len(summary.classes)} classes: {listed}"]
    checksums = checksum_prefixes(images)
    for source in sources:
        if source.find_doubtful_images:
            lines += source.find_doubtful_images(images, checksums, summary.class_names)
    if images.groups is not None:
        names = images.group_names or sorted(images.groups.unique())
        lines.append(f"{len(names)} groups: {shorten(names)}")
    if "test" in images.table:
        lines.append(describe_test_set(images.table, checksums))
    height, width, *channels = images.shape
    kind = "in colour" if channels else "grey"
    on_background = f", on a {summary.background} background" if summary.background else ""
    lines.append(f"{height} × {width} pixels, {kind}{on_background}")
    return lines + describe_blank(images)


def describe_test_set(table: pd.DataFrame, checksums: Vector) -> str:
    """Return a line about the test set that came with the images."""
    is_test = table["test"].to_numpy()
    line = f"{is_test.sum():,} of the images are a test set that came with them"
    n_in_both_sets = np.isin(checksums[is_test], checksums[~is_test]).sum()
    if n_in_both_sets:
        line += f"; {n_in_both_sets} of these are also among the other images, so delete them"
    return line


def describe_blank(images: Images) -> list[str]:
    """Return a line about images on which hardly anything can be seen, if there are any."""
    blank = images.table[find_blank(images.X, images.pixel_max)]
    if blank.empty:
        return []
    names = blank["file"] if "file" in blank else [f"number {row + 1}" for row in blank.index]
    return [f"{len(blank)} images are blank or nearly blank: {shorten(list(names)[:5])}"]
