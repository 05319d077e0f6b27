"""Compare predictions of two revisions or experiments."""

import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from digits.commands import examples
from digits.io import files, parquet, paths, tables
from digits.io.tables import PREDICTIONS, Vector
from digits.results import drawing, intervals
from digits.results.fetched import FetchedDataset
from digits.results.table import print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError, require_choice, show
from digits.support.parameters import Experiment

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HEADER = ["experiment", "images", "before", "after", "change in points (95 %)", "p", "fixed", "broken"]
DRAWN = 60  # images of each kind on the sheet at most


class Source:
    """Where predictions come from: a revision, or the workspace.

    Attributes:
        digests: by experiment the MD5 that DVC records for its predictions; None in the workspace.
    """

    def __init__(self, revision: str | None = None) -> None:
        from dvc.api import DVCFileSystem  # half a second that --help does not need
        from dvc.exceptions import DvcException

        self.name = revision or "the workspace"
        folder = paths.predictions("x").parent
        self._files = DVCFileSystem(".", rev=revision) if revision else None
        self.digests: dict[str, str | None] = {path.stem: None for path in folder.glob("*.parquet")}
        try:
            if self._files:
                self.digests = {Path(file["name"]).stem: file.get("md5") for file in self._files.ls(folder.as_posix())}
        except FileNotFoundError:
            raise PipelineError(f"{self.name} has no predictions: it is older than {folder}/") from None
        except DvcException as error:
            raise ParameterError(f"REV: {error}") from None
        except AttributeError:  # by DVC, of a file or a folder
            raise ParameterError(f"REV: {show(revision)} is no commit, branch or tag") from None

    def read(self, experiment: str) -> pa.Table:
        """Read the rows, labels and predictions of an experiment's predictions.

        Raises:
            PipelineError: there are none, they cannot be had, or are no such table.
        """
        path, columns = paths.predictions(experiment), ["row", "label", "prediction"]
        if experiment not in self.digests:
            raise PipelineError(f"{self.name} has no predictions")
        if self._files is None:
            return parquet.read(path, PREDICTIONS, columns)
        try:
            return pq.read_table(pa.BufferReader(self._files.read_bytes(path.as_posix())), columns=columns)
        except pa.ArrowException:
            raise PipelineError(f"{self.name} has no readable table of predictions") from None
        except Exception as error:  # each kind of remote has errors of its own
            reason = (str(error) or type(error).__name__).partition(":")[0]
            where = f"neither in the cache nor in the remote ({reason}); `dvc push` where they were made"
            raise PipelineError(f"the predictions of {self.name} are {where}") from None


class Comparison(NamedTuple):
    """Two sets of predictions of the same images; `before` and `after` are whether each is right, shape (images,)."""

    name: str
    rows: Vector
    before: Vector
    after: Vector
    difference: intervals.Difference

    @classmethod
    def of(cls, name: str, before: pa.Table, after: pa.Table) -> "Comparison":
        """Compare two tables of predictions; a PipelineError if they are of other images or labels."""
        for column, what in (("row", "other test images"), ("label", "other labels of the test images")):
            if not before[column].equals(after[column]):
                raise PipelineError(f"the two have {what}, so their accuracies cannot be compared")
        was, is_now = (tables.column(each, "label") == tables.column(each, "prediction") for each in (before, after))
        return cls(name, tables.column(before, "row"), was, is_now, intervals.compare(was, is_now))

    def cells(self) -> list[str]:
        """Return the row of the table."""
        gain, low, high = (f"{100 * share:+.2f}" for share in self.difference[2:5])
        before, after = (f"{right.mean():.4f}" for right in (self.before, self.after))
        fixed, broken, p = self.difference.fixed, self.difference.broken, f"{self.difference.p:.2g}"
        return [self.name, str(len(self.rows)), before, after, f"{gain} ({low} to {high})", p, str(fixed), str(broken)]

    def conclusion(self) -> str:
        """Return in words what may be concluded."""
        more = self.difference.fixed - self.difference.broken
        what = f"{abs(more)} {'more' if more >= 0 else 'fewer'} of {len(self.rows)} right (p = {self.difference.p:.2g})"
        if self.difference.p >= 0.05:
            return f"{self.name}: {what}: no evidence of a difference."
        return f"{self.name}: {what}: {'better' if more > 0 else 'worse'}, by more than chance explains."

    def as_json(self) -> dict[str, object]:
        """Return the figures for programs."""
        accuracies = {"before": float(self.before.mean()), "after": float(self.after.mean())}
        figures = {"images": len(self.rows), **accuracies, **self.difference._asdict()}
        return {"experiment": self.name, **files.rounded(figures)}


def between_revisions(
    before: Source, after: Source, names: Sequence[str]
) -> tuple[list[Comparison], dict[str, list[str]]]:
    """Return a comparison of each experiment whose predictions differ, and by reason those that cannot be compared."""
    comparisons, failures = [], defaultdict(list)
    for name in sorted(names or before.digests | after.digests):
        if (md5 := before.digests.get(name)) and md5 == after.digests.get(name):
            continue
        try:
            found = Comparison.of(name, before.read(name), after.read(name))
        except PipelineError as error:
            failures[str(error)].append(name)
            continue
        if found.difference.fixed or found.difference.broken:
            comparisons.append(found)
    return comparisons, failures


def draw(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Draw the images that changed sides, those that were fixed above those that were broken.

    Raises:
        PipelineError: the images are not here, or are of different sizes.
    """
    images, captions = [], []
    for kind in ("fixed", "broken"):
        for each in comparisons:
            rows = each.rows[each.after > each.before if kind == "fixed" else each.before > each.after][:DRAWN]
            dataset = FetchedDataset.read(parameters.load().dataset_of(each.name.split()[0]))
            images += list(dataset.pixels(rows))
            captions += [f"{kind}: {row}" if len(comparisons) == 1 else f"{kind}: {each.name} {row}" for row in rows]
    if len({image.shape for image in images}) > 1:
        raise ParameterError("--png: the experiments' images differ in size; name experiments of one dataset")
    if images:
        drawing.write_sheet(path, np.array(images), captions)
    else:
        cli.note(f"{path} was not written: no image changed sides")


@click.command(
    epilog=examples("compare main", "compare HEAD~1 HEAD two-logreg", "compare --between digit-champion digit-fast")
)
@click.argument("words", nargs=-1, metavar="[REV [REV2] [EXPERIMENT]...]")
@click.option("--between", nargs=2, metavar="EXPERIMENT EXPERIMENT", help="Compare two experiments of the workspace.")
@click.option("--png", type=click.Path(path_type=Path), metavar="FILE", help="Draw the images that changed sides.")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--md", "form", flag_value="pipe", help="Print Markdown, for a pull request.")
def command(words: tuple[str, ...], between: tuple[str, str] | None, png: Path | None, form: str | None) -> None:
    """Compare the predictions of two revisions, or of two experiments, on the same test images.

    REV is anything that Git knows (main, HEAD~1, a tag). Nothing is checked out: its predictions come from DVC's cache
    or the remote. Without REV2, REV is compared with the workspace.

    For each experiment whose predictions differ: the accuracy before and after, the change with its 95 % interval, the
    p of the exact McNemar test, and how many mistakes were fixed and made; then what may be concluded. The exit status
    is 1 if something could not be compared.
    """
    if bool(words) == bool(between) or "" in words:
        raise click.UsageError("give a revision, or --between EXPERIMENT EXPERIMENT")
    failures: dict[str, list[str]] = {}
    if between:
        for name in between:
            require_choice("--between", name, parameters.load().names(Experiment))
            files.require(paths.predictions(name), f"evaluate@{name}")
        comparisons = [Comparison.of(" → ".join(between), *map(Source().read, between))]
    else:
        first, *others = words
        before, after = Source(first), Source()
        if others and others[0] not in before.digests | after.digests:
            after = Source(others.pop(0))
        for name in others:
            require_choice(f"experiments of {before.name} and {after.name}", name, before.digests | after.digests)
        comparisons, failures = between_revisions(before, after, others)
    if png and comparisons:
        draw(png, comparisons)
    if form == "json":
        print(json.dumps([each.as_json() for each in comparisons], indent=2))
    elif comparisons:
        print_table(HEADER, [each.cells() for each in comparisons], left=1, form=form or "simple")
        print("", *(f"{'- ' if form else ''}{each.conclusion()}" for each in comparisons), sep="\n")
    elif not failures:
        print("The predictions are the same.")
    for reason, names in failures.items():
        cli.note(f"{reason}: {', '.join(names)}")
    if failures:
        sys.exit(1)
