"""Compare predictions of two revisions or experiments."""

import io
from collections import defaultdict
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

from digits.commands import examples
from digits.core import params, paths, tables
from digits.core.errors import PipelineError, note, require_choice
from digits.results import differences, drawing
from digits.results.differences import Difference
from digits.results.images import Images
from digits.results.wording import print_table

import click
import numpy as np
import pandas as pd
from tqdm import tqdm

HEADER = ["experiment", "before", "after", "points", "p", "fixed", "broken"]
DRAWN = 60  # images of each kind on the sheet at most
SEEDS = "over {} seeds; it says nothing of other images, or other folds"


class Revision:
    """The predictions of a revision or of the workspace, read from here, DVC's cache or the remote."""

    def __init__(self, name: str | None = None) -> None:
        from dvc.api import DVCFileSystem  # half a second that --help does not need

        self.name = name or "the workspace"
        self.files = DVCFileSystem(".", rev=name)

    def experiments(self) -> set[str]:
        """Return the names of the experiments that have predictions."""
        return {Path(path).stem for path in self.files.glob(paths.predictions("*").as_posix())}

    def digests(self, name: str) -> list[str]:
        """Return the MD5 of an experiment's predictions: as dvc.lock has it, or of the workspace's own files."""
        places = [path.as_posix() for path in (paths.out_of_fold(name), paths.predictions(name))]
        return [self.files.info(each).get("md5") or md5(self.files.read_bytes(each)).hexdigest() for each in places]

    def read(self, path: Path) -> pd.DataFrame:
        """Read a table of predictions; a PipelineError if that cannot be done."""
        if not self.files.exists(path.as_posix()):
            raise PipelineError(f"{self.name} has no predictions")
        try:
            return pd.read_parquet(io.BytesIO(self.files.read_bytes(path.as_posix())))
        except Exception as error:  # each kind of remote has errors of its own
            reason = (str(error) or type(error).__name__).removeprefix("[Errno 2] ").partition(":")[0]
            raise PipelineError(f"{self.name}'s predictions cannot be had ({reason}); `dvc push` them first") from None

    def params(self) -> params.Params:
        """Read its params.yaml."""
        return params.validate(params.Params, params.read_yaml(self.files.read_text(params.FILE.name)))


def compare(before: Revision, after: Revision, one: str, other: str) -> Difference:
    """Compare an experiment of one revision with one of another: out of fold where both have folds."""
    found = [before.read(paths.out_of_fold(one)), after.read(paths.out_of_fold(other))]
    if not all("fold" in each for each in found):
        found = [before.read(paths.predictions(one)), after.read(paths.predictions(other))]
    return differences.compare(*found)


def over_seeds(
    pairs: dict[str, tuple[str, str]], before: params.Params, after: params.Params, seeds: int
) -> Iterator[list[str]]:
    """Refit each pair of experiments under several seeds on the same folds, and yield the rows of a table."""
    from stages.train import train  # which imports scikit-learn

    for label, names in pairs.items():
        blocks = [params.find(each.experiments, name) for each, name in zip((before, after), names, strict=True)]
        tasks = [each.tasks[block.task] for each, block in zip((before, after), blocks, strict=True)]
        if tasks[0] != tasks[1] or blocks[0].folds != blocks[1].folds or not blocks[0].folds:
            raise PipelineError(f"{label}: the two have other tasks or folds, or none, so refits cannot be compared")
        images = tables.read(paths.task(blocks[1].task, "train"))
        drawn = tqdm(np.random.SeedSequence(after.seed).generate_state(seeds).tolist(), "seeds", disable=None)
        found = np.array([[accuracy(train(block, seed, images)[1]) for block in blocks] for seed in drawn])
        if not np.ptp(found, axis=0).any():
            raise PipelineError(f"{label}: neither draws anything at random; compare them without --seeds")
        p, points = differences.t_test(found[:, 1] - found[:, 0])
        shown = [f"{each.mean():.4f} ± {each.std(ddof=1):.4f}" for each in found.T]
        yield [label, *shown, f"{points[0]:+.2f} to {points[1]:+.2f}", f"{p:.2g}"]


def accuracy(predictions: pd.DataFrame) -> float:
    """Return the share of predictions that are right, 0 to 1."""
    return float((predictions["label"] == predictions["prediction"]).mean())


def draw(path: Path, found: dict[str, Difference], settings: params.Params) -> None:
    """Write a sheet of the images that only one of the two gets right: the fixed mistakes, then the new ones."""
    pictures, captions = [], []
    for label, difference in found.items():
        images = Images.read(settings.dataset_of(settings.experiments[label.split()[0]].task))
        for kind, rows in (("fixed", difference.fixed[:DRAWN]), ("broken", difference.broken[:DRAWN])):
            pictures += [*images.pixels[rows]]
            captions += [f"{kind}: {label} {row}" for row in rows]
    if len({picture.shape for picture in pictures}) > 1:
        raise PipelineError("--png: the experiments' images differ in size; name experiments of one dataset")
    if pictures:
        drawing.write_sheet(path, np.array(pictures), captions)
    else:
        note(f"{path} was not written: both get the same images right")


@click.command(
    epilog=examples("compare main", "compare HEAD~1 HEAD two-logreg", "compare --between digit-champion digit-fast")
)
@click.argument("words", nargs=-1, metavar="REV [REV2] [EXPERIMENT]...")
@click.option("--between", nargs=2, metavar="A B", help="Compare the experiments A and B, in place of REV.")
@click.option("--png", type=click.Path(path_type=Path), metavar="FILE", help="Draw what only one of them has right.")
@click.option("--seeds", type=click.IntRange(3, 100), metavar="N", help="Refit both under N seeds.")
@click.option("--md", is_flag=True, help="Print Markdown, for a pull request.")
def command(
    words: tuple[str, ...], between: tuple[str, str] | None, png: Path | None, seeds: int | None, md: bool
) -> None:
    """Compare the predictions of two revisions, or of two experiments, on the same images.

    REV is a branch, a tag or a commit. It is compared with REV2, or with the workspace. Nothing is checked out: the
    predictions come from DVC's cache or the remote.

    Two fits are compared out of fold, on the same images and folds; without folds, on the test part. They differ if p
    is below 0.01, of the exact test of the images that one alone gets right, or, where images have at least six groups,
    of a t-test of the groups' differences. The points in brackets are the 99 % interval of the gain.

    Another seed gives another fit. --seeds 5 refits both under five seeds.
    """
    if bool(words and all(words)) == bool(between):
        raise click.UsageError("give a revision, or --between A B")
    before, after = Revision(*words[:1]), Revision()
    if between:
        for name in between:
            require_choice("--between", name, params.load().experiments)
        pairs = {" → ".join(between): between}
    else:
        names = list(words[1:])
        if names and names[0] not in before.experiments() | after.experiments() | {*params.load().experiments}:
            after = Revision(names.pop(0))
        both = sorted(names or before.experiments() & after.experiments())
        differing = both if names or seeds else filter(lambda name: before.digests(name) != after.digests(name), both)
        pairs = {name: (name, name) for name in differing}
    form = "pipe" if md else "simple"
    if seeds:
        rows = list(over_seeds(pairs, before.params(), after.params(), seeds))
        print_table(["experiment", "before", "after", "points (99 %)", "p"], rows, form=form)
        print(f"\nMean ± standard deviation of the accuracy out of fold, {SEEDS.format(seeds)}.")
        return
    found, failures = {}, defaultdict(list)
    for label, (one, other) in pairs.items():
        try:
            difference = compare(before, after, one, other)
        except PipelineError as error:
            failures[error.message].append(label)
            continue
        if between or len(difference.fixed) or len(difference.broken):
            found[label] = difference
    if found:
        print_table(HEADER, [cells(label, difference) for label, difference in found.items()], form=form)
        for label, each in found.items():
            print(f"\n{'- ' if md else ''}{label}, {each.rows} images {each.part}: {each.verdict}.")
        if png:
            draw(png, found, params.load())
    elif not failures:
        print("The predictions are the same.")
    if failures:
        raise PipelineError("; ".join(f"{reason}: {', '.join(labels)}" for reason, labels in failures.items()))


def cells(label: str, difference: Difference) -> list[str]:
    """Return a row of the table."""
    accuracies = [f"{accuracy:.4f}" for accuracy in (difference.before, difference.after)]
    sides = [str(len(rows)) for rows in (difference.fixed, difference.broken)]
    return [label, *accuracies, difference.gain, difference.shown_p, *sides]
