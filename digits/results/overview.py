"""Describe the images of a dataset in a few lines, so that a mistake is seen at once."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np
import pandas as pd

from digits.core import paths
from digits.core.images import Images, checksum_prefixes
from digits.core.pixels import Vector
from digits.fetching.summary import Summary
from digits.imaging.background import find_blank
from digits.messages.git import read_committed
from digits.messages.terminal import echo, shorten, to_one_line, warn
from digits.settings.params import DatasetParams, list_addresses
from digits.sources import load_source


def print_overview(name: str, dataset: DatasetParams, images: Images, summary: Summary) -> None:
    """Print a few lines about a dataset, and warn if the last commit has more images of it.

    The arguments are its name, its entry of params.yaml, its images and its summary.
    """
    committed = read_committed_summary(name)
    losses = describe_losses(committed, summary) if committed else []
    if losses:
        warn(f"{name} has fewer images than in the last commit: {shorten(losses)}")
    kinds = [kind for kind, address in list_addresses(dataset.sources)]
    for line in describe_images(images, summary, kinds):
        echo(to_one_line(line))


def read_committed_summary(name: str) -> Summary | None:
    """Read the summary of a dataset in the last commit, or return None if there is none."""
    with suppress(ValueError):
        return Summary.model_validate(read_committed(paths.summary(name)))
    return None


def describe_losses(before: Summary, now: Summary) -> list[str]:
    """Return what a dataset has fewer of than before, such as `images: 60 → 59`."""
    counts = [("images", before.images, now.images)]
    counts += [
        (f"class {name}", count, now.classes.get(name, 0))
        for name, count in before.classes.items()
    ]
    return [f"{what}: {old} → {new}" for what, old, new in counts if new < old]


def describe_images(images: Images, summary: Summary, kinds: Iterable[str]) -> list[str]:
    """Return a few lines about the images of a dataset. `kinds` are those of its sources."""
    listed = shorten([f"{name} {count:,}" for name, count in summary.classes.items()])
    lines = [f"{len(images):,} images of {len(summary.classes)} classes: {listed}"]
    checksums = checksum_prefixes(images)
    for kind in kinds:
        find_doubtful_images = load_source(kind).find_doubtful_images
        if find_doubtful_images:
            lines += find_doubtful_images(images, checksums, summary.class_names)
    if images.groups is not None:
        names = images.group_names or sorted(images.groups.unique())
        lines.append(f"{len(names)} groups: {shorten(names)}")
    if "test" in images.table:
        lines.append(describe_test_set(images.table, checksums))
    height, width, *channels = images.format.shape
    color = "in colour" if channels else "grey"
    on_background = f", on a {summary.background} background" if summary.background else ""
    lines.append(f"{height} × {width} pixels, {color}{on_background}")
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
    blank = images.table[find_blank(images.X, images.format.pixel_max)]
    if blank.empty:
        return []
    names = blank["file"] if "file" in blank else [f"number {row + 1}" for row in blank.index]
    return [f"{len(blank)} images are blank or nearly blank: {shorten(list(names)[:5])}"]
