"""Compare predictions of two revisions or experiments."""

import io
from hashlib import md5
from pathlib import Path

from digits.commands import examples
from digits.core import params, paths, tables
from digits.core.errors import PipelineError, require_choice
from digits.results import differences, drawing
from digits.results.differences import Difference
from digits.results.read import Images
from digits.results.wording import print_table

import click
import numpy as np
import pandas as pd
from tqdm import tqdm

DRAWN = 60  # images of each kind on the sheet at most


class Revision:
    """The predictions of a revision or of the workspace, from the workspace, DVC's cache or the remote."""

    def __init__(self, name: str | None = None) -> None:
        from dvc.api import DVCFileSystem  # half a second that --help does not need

        self.name, self.files = name or "the workspace", DVCFileSystem(".", rev=name)
        click.get_current_context().call_on_close(self.files.close)

    def experiments(self) -> set[str]:
        """Return the names of the experiments that have predictions."""
        return {Path(path).stem for path in self.files.glob(paths.predictions("*").as_posix())}

    def digests(self, *files: Path) -> list[str | None]:
        """Return the MD5 of outputs: of the workspace's own files, else as dvc.lock has it, or None."""
        infos = [(each, self.files.info(each.as_posix())) for each in files]
        return [md5(each.read_bytes()).hexdigest() if "fs_info" in info else info.get("md5") for each, info in infos]

    def read(self, path: Path) -> pd.DataFrame:
        """Read a table of predictions; a PipelineError if that cannot be done."""
        if not self.files.exists(path.as_posix()):
            raise PipelineError(f"{self.name} has no predictions")
        try:
            return pd.read_parquet(io.BytesIO(self.files.read_bytes(path.as_posix())))
        except Exception as error:  # each kind of remote has errors of its own
            reason = (str(error) or type(error).__name__).removeprefix("[Errno 2] ").partition(":")[0]
            raise PipelineError(f"{self.name}'s predictions cannot be read ({reason}); `dvc push` them first") from None


def compare(before: Revision, after: Revision, one: str, other: str) -> Difference:
    """Compare an experiment of one revision with one of another: out of fold where both have folds."""
    found = [before.read(paths.out_of_fold(one)), after.read(paths.out_of_fold(other))]
    if not all("fold" in each for each in found):
        found = [before.read(paths.predictions(one)), after.read(paths.predictions(other))]
    return differences.compare(*found)


def over_seeds(label: str, before: Revision, after: Revision, names: tuple[str, str], seeds: int) -> list[str]:
    """Refit two experiments under several seeds on the same folds, and return the row of a table."""
    from stages.train import train  # which imports scikit-learn

    texts = (each.files.read_text("params.yaml") for each in (before, after))
    settings = [params.validate(params.Params, params.read_yaml(text)) for text in texts]
    blocks = [params.find(each.experiments, name) for each, name in zip(settings, names, strict=True)]
    tasks = [each.tasks[block.task] for each, block in zip(settings, blocks, strict=True)]
    if tasks[0] != tasks[1] or blocks[0].folds != blocks[1].folds or not blocks[0].folds:
        raise PipelineError(f"{label}: the two have other tasks or folds, or none, so refits cannot be compared")
    images, drawn = tables.read(paths.task(blocks[1].task, "train")), np.random.SeedSequence(settings[1].seed)
    fits = []
    for seed in tqdm(drawn.generate_state(seeds).tolist(), "seeds", disable=None):
        tables_of_both = [train(block, seed, images)[1] for block in blocks]
        fits.append([(each["label"] == each["prediction"]).mean() for each in tables_of_both])
    if not np.ptp(fits, axis=0).any():
        raise PipelineError(f"{label}: neither draws anything at random; compare them without --seeds")
    p, points = differences.t_test(np.diff(fits)[:, 0])
    shown = [f"{each.mean():.4f} ± {each.std(ddof=1):.4f}" for each in np.transpose(fits)]
    return [label, *shown, f"{points[0]:+.2f} to {points[1]:+.2f}", f"{p:.2g}"]


def draw(path: Path, name: str, difference: Difference) -> None:
    """Write a sheet of the images that only one of the two gets right: the fixed mistakes, then the new ones."""
    settings = params.load()
    images = Images.read(settings.dataset_of(settings.experiments[name].task))
    kinds = {"fixed": difference.fixed[:DRAWN], "broken": difference.broken[:DRAWN]}
    captions = [f"{kind}: {row}" for kind, rows in kinds.items() for row in rows]
    drawing.write_sheet(path, images.pixels[np.concatenate([*kinds.values()])], captions)


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

    REV, a branch, a tag or a commit, is compared with REV2, or with the workspace. Nothing is checked out: the
    predictions come from DVC's cache or the remote.

    Two fits are compared out of fold, or, without folds, on the test part. They differ if p is below 0.01: that of the
    exact test of the images that one alone gets right, or, with six groups and more, of a t-test of the groups'
    differences. The points in brackets are the 99 % interval of the gain. --seeds 5 refits both under five seeds.
    """
    if bool(words and all(words)) == bool(between):
        raise click.UsageError("give a revision, or --between A B")
    before, after, names, form = Revision(*words[:1]), Revision(), list(words[1:]), "pipe" if md else "simple"
    if names and names[0] not in before.experiments() | after.experiments() | {*params.load().experiments}:
        after = Revision(names.pop(0))
    for name in between or ():
        require_choice("--between", name, params.load().experiments)
    both = names or sorted(before.experiments() & after.experiments())
    if not (names or seeds or between):
        files = {each: (paths.out_of_fold(each), paths.predictions(each)) for each in both}
        both = [name for name, each in files.items() if before.digests(*each) != after.digests(*each)]
    pairs = {" → ".join(between): between} if between else {name: (name, name) for name in both}
    if seeds:
        rows = [over_seeds(label, before, after, pair, seeds) for label, pair in pairs.items()]
        print_table(["experiment", "before", "after", "points (99 %)", "p"], rows, form=form)
        print(f"\nMean ± standard deviation out of fold, over {seeds} seeds, of the same images and folds.")
        return
    found, failures = {}, []
    for label, pair in pairs.items():
        try:
            difference = compare(before, after, *pair)
            if between or len(difference.fixed) or len(difference.broken):
                found[label] = difference
        except PipelineError as error:
            failures.append(f"{error.message}: {label}")
    if found:
        print_table(differences.HEADER, [[pairs[label][1], *each.cells] for label, each in found.items()], form=form)
        for label, each in found.items():
            line = f"{label}, {each.rows} images {each.part}: {each.verdict}."
            print(f"\n- {line}" if md else "\n" + click.wrap_text(line, 80, subsequent_indent="  "))
    elif not failures:
        print("The predictions are the same.")
    if png and found:
        [(label, difference), *others] = found.items()
        if others:
            raise PipelineError(f"--png draws one experiment; name one of {', '.join(found)}")
        draw(png, pairs[label][1], difference)
    if failures:
        raise PipelineError("; ".join(failures))
