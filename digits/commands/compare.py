"""Compare the predictions of two revisions, or of two experiments, on the same test images: is a difference real?

For each experiment whose predictions differ: the accuracy before and after, the change with its 95 % interval, the p of
the exact McNemar test, and how many mistakes were fixed and made; then what may be concluded. A revision is anything
that Git knows (`main`, `HEAD~1`, a tag); nothing is checked out, its predictions come from DVC's cache or the remote.
Without a second revision the first is compared with the workspace. Exit status 1 when something could not be compared.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from digits.io import files, parquet, paths, tables
from digits.io.tables import PREDICTIONS, Vector
from digits.results import drawing
from digits.results.intervals import Difference, compare
from digits.results.table import print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError, require_choice
from digits.support.parameters import Experiment

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException

WORKSPACE = "the workspace"
HEADER = ["experiment", "images", "before", "after", "change in points (95 %)", "p", "fixed", "broken"]
DRAWN = 60  # images of each kind on the sheet at most


class MissingError(PipelineError):
    """Predictions that were made once and cannot be had; the message says of which revision, and why."""


class Source:
    """Where predictions come from: a revision, or the workspace."""

    def __init__(self, revision: str | None) -> None:
        self.name = revision or WORKSPACE
        self._files = DVCFileSystem(".", rev=revision) if revision else None
        folder = paths.predictions("x").parent
        try:
            found = self._files.ls(folder.as_posix(), detail=False) if self._files else folder.glob("*.parquet")
        except FileNotFoundError:
            raise PipelineError(f"{self.name} has no predictions: it is older than {folder}/") from None
        except DvcException as error:
            raise ParameterError(f"REV: {error}") from None
        self.names = {Path(path).stem for path in found}

    def digest(self, experiment: str) -> str | None:
        """Return the MD5 that DVC records for an experiment's predictions; None for the workspace's."""
        info = self._files.info(paths.predictions(experiment).as_posix()) if self._files else {}
        md5 = info.get("dvc_info", {}).get("md5")
        return str(md5) if md5 else None

    def read(self, experiment: str) -> pa.Table:
        """Read an experiment's predictions.

        Raises:
            MissingError: they are neither in the cache nor in the remote.
            PipelineError: they are not in the workspace, or are no such table.
        """
        path = paths.predictions(experiment)
        if self._files is None:
            files.require(path, f"evaluate@{experiment}")
            return parquet.read(path, PREDICTIONS)
        try:
            table = pq.read_table(pa.BufferReader(self._files.read_bytes(path.as_posix())))
        except Exception as error:  # each kind of remote has errors of its own
            reason = str(error) or type(error).__name__
            raise MissingError(
                f"{self.name}, neither in the cache nor in the remote ({reason.partition(':')[0]})"
            ) from None
        if fault := PREDICTIONS.fault(table.schema):
            raise PipelineError(f"{path} of {self.name} cannot be compared: {fault}")
        return table


class Comparison(NamedTuple):
    """Two sets of predictions of the same images; `before` and `after` are whether each is right, shape (images,)."""

    name: str
    rows: Vector
    before: Vector
    after: Vector
    difference: Difference

    def cells(self) -> list[str]:
        """Return the row of the table."""
        change = self.difference
        interval = f"{100 * change.gain:+.2f} ({100 * change.low:+.2f} to {100 * change.high:+.2f})"
        accuracies = [f"{each.mean():.4f}" for each in (self.before, self.after)]
        counts = [str(change.fixed), str(change.broken)]
        return [self.name, str(len(self.rows)), *accuracies, interval, f"{change.p:.2g}", *counts]

    def conclusion(self) -> str:
        """Return in words what may be concluded."""
        change = self.difference
        more = change.fixed - change.broken
        what = f"{abs(more)} {'more' if more >= 0 else 'fewer'} of {len(self.rows)} right (p = {change.p:.2g})"
        if change.p >= 0.05:
            return f"{self.name}: {what}: no evidence of a difference."
        return f"{self.name}: {what}: {'better' if more > 0 else 'worse'}, by more than chance explains."

    def as_json(self) -> dict[str, object]:
        """Return the figures for programs."""
        accuracies = {"before": float(self.before.mean()), "after": float(self.after.mean())}
        figures = {"images": len(self.rows), **accuracies, **self.difference._asdict()}
        return {"experiment": self.name, **files.rounded(figures)}


def pair(name: str, before: pa.Table, after: pa.Table) -> Comparison:
    """Compare two tables of predictions.

    Raises:
        PipelineError: they are of other images, or answer another question.
    """
    for column in ("row", "label"):
        if not before[column].equals(after[column]):
            what = "other test images" if column == "row" else "other labels of the test images"
            raise PipelineError(f"{name}: the two have {what}, so their accuracies cannot be compared")
    was, is_now = (tables.column(each, "label") == tables.column(each, "prediction") for each in (before, after))
    return Comparison(name, tables.column(before, "row"), was, is_now, compare(was, is_now))


def between_revisions(before: Source, after: Source, names: Sequence[str]) -> tuple[list[Comparison], list[str]]:
    """Return a comparison of each experiment whose predictions differ, and the reasons why others could not be made."""
    comparisons, failures = [], []
    missing: dict[str, list[str]] = {}
    for name in sorted(names or before.names | after.names):
        if lacking := [source.name for source in (before, after) if name not in source.names]:
            failures.append(f"{name}: {lacking[0]} has no predictions of it")
        elif before.digest(name) is None or before.digest(name) != after.digest(name):
            try:
                found = pair(name, before.read(name), after.read(name))
            except MissingError as error:
                missing.setdefault(str(error), []).append(name)
            except PipelineError as error:
                failures.append(str(error))
            else:
                if found.difference.fixed or found.difference.broken:
                    comparisons.append(found)
    remedy = "`dvc push` where they were made"
    failures += [f"the predictions of {where}: {', '.join(names)}; {remedy}" for where, names in missing.items()]
    return comparisons, failures


def draw(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Draw the images that changed sides, those that were fixed above those that were broken.

    Raises:
        PipelineError: the images are not here.
    """
    params = parameters.load()
    images, captions = [], []
    for kind in ("fixed", "broken"):
        for each in comparisons:
            changed = each.after & ~each.before if kind == "fixed" else each.before & ~each.after
            rows = each.rows[changed][:DRAWN]
            raw = paths.raw(params.dataset_of(each.name.split()[0]))
            files.require(raw, f"fetch@{raw.stem}")
            pixels = parquet.take_pixels(raw, rows).reshape(len(rows), *parquet.image_shape(raw))
            images += list(drawing.brightened(pixels))
            captions += [f"{kind}: {row}" if len(comparisons) == 1 else f"{kind}: {each.name} {row}" for row in rows]
    if len({image.shape for image in images}) > 1:
        raise ParameterError("--png: the experiments' images differ in size; name experiments of one dataset")
    with files.atomic_write(path) as temporary:
        drawing.sheet(np.array(images), captions).save(temporary, "PNG")


def show(comparisons: Sequence[Comparison], markdown: bool) -> None:
    """Print the table, then the conclusions."""
    rows = [each.cells() for each in comparisons]
    if markdown:
        for cells in (HEADER, ["---", *["---:"] * (len(HEADER) - 1)], *rows):
            print(f"| {' | '.join(cells)} |")
    else:
        print_table(HEADER, rows, left=1)
    print()
    for each in comparisons:
        print(f"{'- ' if markdown else ''}{each.conclusion()}")


def main() -> None:
    """Read both sides, compare, print."""
    parser = cli.parser(__doc__, "main", "HEAD~1 HEAD two-logreg", "--between digit-champion digit-fast")
    parser.add_argument(
        "words", nargs="*", metavar="REV [REV2] [EXPERIMENT …]", help="one or two revisions, then names"
    )
    parser.add_argument("--between", nargs=2, metavar="EXPERIMENT", help="compare two experiments of the workspace")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the images that changed sides")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--md", action="store_true", help="print Markdown, for a pull request")
    arguments = parser.parse_args()
    if bool(arguments.words) == bool(arguments.between):
        parser.error("give a revision, or --between EXPERIMENT EXPERIMENT")

    if arguments.between:
        here = Source(None)
        for name in arguments.between:
            require_choice("--between", name, parameters.load().names(Experiment))
        failures: list[str] = []
        comparisons = [pair(" → ".join(arguments.between), *map(here.read, arguments.between))]
    else:
        first, *others = arguments.words
        before = Source(first)
        known = before.names | Source(None).names
        second = others.pop(0) if others and others[0] not in known else None
        after = Source(second)
        for name in others:
            require_choice(f"experiments of {before.name} and {after.name}", name, before.names | after.names)
        comparisons, failures = between_revisions(before, after, others)
    if arguments.png and comparisons:
        draw(arguments.png, comparisons)
    if arguments.json:
        print(json.dumps([each.as_json() for each in comparisons], indent=2))
    elif comparisons:
        show(comparisons, arguments.md)
    elif not failures:
        print("The predictions are the same.")
    for failure in failures:
        cli.note(failure)
    if failures:
        sys.exit(1)


if __name__ == "__main__":
    cli.run(main)
