"""Compare predictions of two revisions or experiments."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from digits.commands import examples
from digits.io import parquet, paths, tables
from digits.io.tables import PREDICTIONS, Vector
from digits.results import drawing, intervals
from digits.results.fetched import FetchedDataset
from digits.results.table import print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError, require_choice
from digits.support.parameters import Experiment

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HEADER = ["experiment", "images", "before", "after", "change in points (95 %)", "p", "fixed", "broken"]
DRAWN = 60  # images of each kind on the sheet at most


class Source:
    """Where predictions come from: a revision, or the workspace."""

    def __init__(self, revision: str | None = None) -> None:
        from dvc.api import DVCFileSystem  # half a second that --help does not need

        self.name = revision or "the workspace"
        folder = paths.predictions("x").parent
        self.digests: dict[str, str | None] = {path.stem: None for path in folder.glob("*.parquet")}  # by experiment
        try:
            self._files = DVCFileSystem(".", rev=revision) if revision else None
            if self._files:
                self.digests = {Path(file["name"]).stem: file.get("md5") for file in self._files.ls(folder.as_posix())}
        except FileNotFoundError:
            raise PipelineError(f"{self.name} has no predictions: it is older than {folder}/") from None

    def read(self, experiment: str) -> pa.Table:
        """Read the rows, labels and predictions of an experiment; a PipelineError if that cannot be done."""
        path, columns = paths.predictions(experiment), ["row", "label", "prediction"]
        if experiment not in self.digests:
            raise PipelineError(f"{self.name} has no predictions")
        if self._files is None:
            return parquet.read(path, PREDICTIONS, columns)
        try:
            return pq.read_table(pa.BufferReader(self._files.read_bytes(path.as_posix())), columns=columns)
        except Exception as error:  # each kind of remote has errors of its own
            reason = (str(error) or type(error).__name__).partition(":")[0]
            remedy = "`dvc push` where they were made"
            raise PipelineError(f"the predictions of {self.name} cannot be had ({reason}); {remedy}") from None


@dataclass
class Comparison:
    """Two sets of predictions of the same images, `rows`; `before` and `after` are whether each is right."""

    name: str
    rows: Vector
    before: Vector
    after: Vector

    def __post_init__(self) -> None:
        self.difference = intervals.compare(self.before, self.after)

    def cells(self) -> list[str]:
        """Return the row of the table."""
        fixed, broken, gain, low, high, p = self.difference
        change = f"{100 * gain:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
        accuracies = [f"{right.mean():.4f}" for right in (self.before, self.after)]
        return [self.name, str(len(self.rows)), *accuracies, change, f"{p:.2g}", str(fixed), str(broken)]

    def conclusion(self) -> str:
        """Return in words what may be concluded."""
        more, p = self.difference.fixed - self.difference.broken, self.difference.p
        what = f"{abs(more)} {'more' if more >= 0 else 'fewer'} of {len(self.rows)} right (p = {p:.2g})"
        verdict = f"{'better' if more > 0 else 'worse'}, by more than chance explains"
        return f"{self.name}: {what}: {verdict if p < 0.05 else 'no evidence of a difference'}."


def compare(name: str, before: pa.Table, after: pa.Table) -> Comparison:
    """Compare two tables of predictions; a PipelineError if they are of other images or labels."""
    for column, what in (("row", "other test images"), ("label", "other labels of the test images")):
        if not before[column].equals(after[column]):
            raise PipelineError(f"the two have {what}, so their accuracies cannot be compared")
    was, is_now = (tables.column(each, "label") == tables.column(each, "prediction") for each in (before, after))
    return Comparison(name, tables.column(before, "row"), was, is_now)


def draw(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Draw the images that changed sides, those that were fixed above those that were broken."""
    images, captions = [], []
    for kind in ("fixed", "broken"):
        for each in comparisons:
            rows = each.rows[each.after > each.before if kind == "fixed" else each.before > each.after][:DRAWN]
            dataset = FetchedDataset.read(parameters.load().dataset_of(each.name.split()[0]))
            images += list(dataset.pixels(rows))
            captions += [f"{kind}: {each.name} {row}" for row in rows]
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
@click.option("--md", is_flag=True, help="Print Markdown, for a pull request.")
def command(words: tuple[str, ...], between: tuple[str, str] | None, png: Path | None, md: bool) -> None:
    """Compare the predictions of two revisions, or of two experiments, on the same test images.

    REV is anything that Git knows (main, HEAD~1, a tag). Nothing is checked out: its predictions come from DVC's cache
    or the remote. Without REV2, REV is compared with the workspace.

    For each experiment whose predictions differ: the accuracy before and after, the change with its 95 % interval, the
    p of the exact McNemar test, and how many mistakes were fixed and made; then what may be concluded. The exit status
    is 1 if something could not be compared.
    """
    if bool(words) == bool(between):
        raise click.UsageError("give a revision, or --between EXPERIMENT EXPERIMENT")
    before, after = Source(*words[:1]), Source()
    if between:
        for name in between:
            require_choice("--between", name, parameters.load().names(Experiment))
        pairs = {" → ".join(between): between}
    else:
        names = words[1:]
        if names and names[0] not in before.digests | after.digests:
            after, names = Source(names[0]), names[1:]
        pairs = {name: (name, name) for name in sorted(names or before.digests | after.digests)}

    comparisons, failures = [], defaultdict(list)
    for label, (one, other) in pairs.items():
        if (md5 := before.digests.get(one)) and md5 == after.digests.get(other):
            continue
        try:
            found = compare(label, before.read(one), after.read(other))
        except PipelineError as error:
            failures[str(error)].append(label)
        else:
            comparisons += [found] if between or (found.before != found.after).any() else []
    if png and comparisons:
        draw(png, comparisons)
    if comparisons:
        print_table(HEADER, [each.cells() for each in comparisons], left=1, form="pipe" if md else "simple")
        print("", *(f"{'- ' if md else ''}{each.conclusion()}" for each in comparisons), sep="\n")
    elif not failures:
        print("The predictions are the same.")
    for reason, labels in failures.items():
        cli.note(f"{reason}: {', '.join(labels)}")
    if failures:
        sys.exit(1)
