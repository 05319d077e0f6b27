"""Compare predictions of two revisions or experiments."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.io import paths, tables
from digits.results import drawing, intervals, lock
from digits.results.fetched import FetchedDataset
from digits.results.wording import print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError, require_choice, show
from digits.support.parameters import FILE, Experiment

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

OF_PLACE = {"group", "origin", "row"}  # columns of images that others, added before them, change
HEADER = ["experiment", "images", "before", "after", "change in points (95 %)", "p", "fixed", "broken"]
DRAWN = 60  # images of each kind on the sheet at most


class Source:
    """The predictions of a revision or of the workspace, read from here, DVC's cache or the remote."""

    def __init__(self, revision: str | None = None) -> None:
        from dvc.api import DVCFileSystem  # half a second that --help does not need

        if revision is not None and _object_type(revision) in {"blob", "tree"}:  # which a REV:PATH names
            raise ParameterError(f"{show(revision)} is no commit; give a branch, a tag or a commit")
        self.name = revision or "the workspace"
        self._files = DVCFileSystem(".", rev=revision)
        found = self._files.glob(paths.predictions("*").as_posix(), detail=True)
        self.digests = {Path(path).stem: self._digest(path, info) for path, info in found.items()}

    def read(self, experiment: str) -> pa.Table:
        """Read the rows, labels and predictions of an experiment; a PipelineError if that cannot be done."""
        if experiment not in self.digests:
            raise PipelineError(f"{self.name} has no predictions")
        return self._read("predictions", paths.predictions(experiment))

    def digest(self, experiment: str) -> str | None:
        """Return the digest of an experiment's test images; None if it is not known."""
        path = self._test_part(experiment).as_posix()
        try:
            return self._digest(path, self._files.info(path))
        except OSError:  # they are not here and not in dvc.lock, or a folder that is not in it
            return None

    def images(self, experiment: str, predictions: pa.Table) -> pa.Table:
        """Read the test images of an experiment's predictions, in their order; a PipelineError if it cannot be done."""
        images = self._read("test images", self._test_part(experiment))
        if fault := tables.IMAGES.fault(images.schema, ["row"]):
            raise PipelineError(f"the test images of {self.name} are of another version of this project: {fault}")
        images = images.filter(pc.is_in(images["row"], predictions["row"].combine_chunks()))
        if not images["row"].equals(predictions["row"]):
            raise PipelineError(f"{self.name} has predictions of other test images than it has; run `dvc repro` there")
        return images

    def _digest(self, path: str, info: Mapping[str, Any]) -> str:
        from dvc_data.hashfile.hash import file_md5

        return str(info.get("md5") or file_md5(path))  # a file of the workspace need not be what dvc.lock says

    def _test_part(self, experiment: str) -> Path:
        values = parameters.parse(self._files.read_text(FILE.name)).values  # of which older ones have another schema
        try:
            return paths.split(values["experiments"][experiment]["split"], "test")
        except (LookupError, TypeError):
            raise PipelineError(f"{self.name} has no such experiment in {FILE}") from None

    def _read(self, what: str, path: Path) -> pa.Table:
        try:
            return tables.require_complete(pq.read_table(pa.BufferReader(self._files.read_bytes(path.as_posix()))))
        except Exception as error:  # each kind of remote has errors of its own
            lacking = f"{self.name} cannot be had ({(str(error) or type(error).__name__).partition(':')[0]})"
            raise PipelineError(f"the {what} of {lacking}; `dvc push` where they were made") from None


def _object_type(revision: str) -> str:
    """Return the type of Git's object of this name: commit, tag, tree or blob; "" if Git has none."""
    command = ["git", "cat-file", "-t", revision]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def common(before: pa.Table, after: pa.Table, images: Sequence[pa.Table]) -> tuple[pa.Table, pa.Table]:
    """Return the predictions of the images that both have, by pixels and class, with the rows of `after`."""
    info, other = (tables.ImageInfo.of(each.schema) for each in images)
    if not info.is_like(other):
        raise PipelineError("the two have images of other shapes or classes, so their accuracies cannot be compared")
    contents = [tables.stack(each.drop_columns([*set(each.column_names) & OF_PLACE])) for each in images]
    places = [{row.tobytes(): i for i, row in enumerate(each)} for each in contents]
    both = [content for content in places[0] if content in places[1]]
    if not both:
        raise PipelineError("the two have no test image in common, so their accuracies cannot be compared")
    found = [each.take([at[content] for content in both]) for each, at in zip((before, after), places, strict=True)]
    return found[0].set_column(0, tables.ROW, found[1]["row"]), found[1]


class Comparison:
    """Two tables of predictions of the same images. A PipelineError if their labels differ."""

    def __init__(self, name: str, before: pa.Table, after: pa.Table) -> None:
        if not before["label"].equals(after["label"]):
            raise PipelineError("the two have other labels for the same images; compare experiments of one task")
        self.name = name
        was, now = (tables.column(each, "label") == tables.column(each, "prediction") for each in (before, after))
        rows = tables.column(before, "row")
        self.difference = intervals.compare(was, now, tables.group_of(after))
        self.sides = {"fixed": rows[now & ~was], "broken": rows[was & ~now]}  # the images that changed them
        self.count = len(rows)

    def cells(self) -> list[str]:
        """Return the row of the table."""
        sides = (str(len(rows)) for rows in self.sides.values())
        return [self.name, str(self.count), *self.difference.cells(), self.difference.shown_p(), *sides]

    def conclusion(self) -> str:
        """Return in words what may be concluded."""
        fixed, broken = map(len, self.sides.values())
        more = f"{abs(fixed - broken)} {'more' if fixed >= broken else 'fewer'} of {self.count} right"
        verdict = self.difference.verdict("chance does")
        return f"{self.name}: {more} (p {self.difference.shown_p('= ')}): {verdict}"


def draw(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Write a sheet of the images that only one of the two gets right: the fixed mistakes, then the new ones."""
    images, captions = [], []
    for kind, each in product(("fixed", "broken"), comparisons):
        rows = each.sides[kind][:DRAWN]
        images += [*FetchedDataset.read(parameters.load().dataset_of(each.name.split()[0])).pixels(rows)]
        captions += [f"{kind}: {each.name} {row}" for row in rows]
    if len({image.shape for image in images}) > 1:
        raise ParameterError("--png: the experiments' images differ in size; name experiments of one dataset")
    if images:
        drawing.write_sheet(path, np.array(images), captions)
    else:
        cli.note(f"{path} was not written: both get the same images right")


def compare_models(revision: str, names: Sequence[str], seeds: int, form: str) -> None:
    """Refit experiments as of a revision and as of now, and print how the models differ."""
    from digits.results import refits  # which imports scikit-learn

    before, after = refits.at_revision(revision), parameters.load()
    blocks = before.values["experiments"]
    names = names or [name for name, block in after.values["experiments"].items() if blocks.get(name) != block]
    if not names:
        print(f"{FILE} has the same experiments in {revision}; name those to refit.")
        return
    differences = []
    for name in names:
        if refits.question(name, before) != refits.question(name, after):
            raise PipelineError(f"{name} has other images, labels or folds in {revision}, so refits cannot be compared")
        differences.append(refits.compare(*(refits.accuracies(name, params, seeds) for params in (before, after))))
    corrected = intervals.holm([each.p for each in differences])
    found = [(name, each._replace(p=p)) for name, each, p in zip(names, differences, corrected, strict=True)]
    header = ["experiment", "before", "after", "change in points (95 %)", "p, Holm" if len(found) > 1 else "p"]
    print_table(header, [[name, *each.cells(), each.shown_p()] for name, each in found], left=1, form=form)
    print("", *(f"{name}: {each.verdict('seeds and folds do')}" for name, each in found), sep="\n")


@click.command(
    epilog=examples("compare main", "compare HEAD~1 HEAD two-logreg", "compare --between digit-champion digit-fast")
)
@click.argument("words", nargs=-1, metavar="REV [REV2] [EXPERIMENT]...")
@click.option("--between", nargs=2, metavar="A B", help="Compare the experiments A and B, in place of REV.")
@click.option("--png", type=click.Path(path_type=Path), metavar="FILE", help="Draw what only one of them has right.")
@click.option("--seeds", type=click.IntRange(2, 100), metavar="N", help="Refit both versions under N seeds.")
@click.option("--md", is_flag=True, help="Print Markdown, for a pull request.")
def command(
    words: tuple[str, ...], between: tuple[str, str] | None, png: Path | None, seeds: int | None, md: bool
) -> None:
    """Compare the predictions of two revisions, or of two experiments, on the same test images.

    REV is a branch, a tag or a commit. It is compared with REV2, or with the workspace. Nothing is checked out: the
    predictions come from DVC's cache or the remote.

    Where the test images differ, those are compared that both have, with the same class.

    The table has the experiments whose predictions differ: the accuracy before and after, the change with its 95 %
    interval, p, and how many mistakes were fixed and made. p is of the exact McNemar test, or of a t-test of the groups
    where images have groups; Holm's correction is for several experiments. A sentence below the table says what may be
    concluded. The exit status is 1 if something could not be compared.

    Another seed gives another fit. --seeds 5 compares the models instead of two fits: it refits both versions of an
    experiment under five seeds, on the folds of the training part.
    """
    if bool(words) == bool(between) or "" in words:
        raise click.UsageError("give a revision, or --between A B")
    if seeds:
        if between or png:
            raise click.UsageError("--seeds goes with a revision, without --between and --png")
        compare_models(words[0], words[1:], seeds, "pipe" if md else "simple")
        return
    before, after = Source(*words[:1]), Source()
    if line := lock.fault():  # what is gone would look like experiments that nobody ran
        cli.note(line)
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
        if not between and (md5 := before.digests.get(one)) and md5 == after.digests.get(other):
            continue
        try:
            was, now = before.read(one), after.read(other)
            sizes = len(was), len(now)
            if before.digest(one) != after.digest(other) or not was["row"].equals(now["row"]):
                was, now = common(was, now, [before.images(one, was), after.images(other, now)])
            found = Comparison(label, was, now)
            if found.count < max(sizes):
                both = f"the {found.count} that both have, with the same class"
                cli.note(f"{label}: of {sizes[0]} and {sizes[1]} test images {both}")
            if between or any(map(len, found.sides.values())):
                comparisons.append(found)
        except PipelineError as error:
            failures[str(error)].append(label)
    if comparisons:
        if png:
            draw(png, comparisons)
        for each, p in zip(comparisons, intervals.holm([each.difference.p for each in comparisons]), strict=True):
            each.difference = each.difference._replace(p=p)
        header = [f"{title}, Holm" if title == "p" and len(comparisons) > 1 else title for title in HEADER]
        print_table(header, [each.cells() for each in comparisons], left=1, form="pipe" if md else "simple")
        print("", *(f"{'- ' if md else ''}{each.conclusion()}" for each in comparisons), sep="\n")
    elif not failures:
        print("The predictions are the same.")
    for reason, labels in failures.items():
        cli.note(f"{reason}: {', '.join(labels)}")
    if failures:
        sys.exit(1)
