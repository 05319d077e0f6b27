"""Compare predictions of two revisions or models."""

import io
from hashlib import md5
from pathlib import Path
from typing import NamedTuple

from digits.commands import examples
from digits.core import params, paths, tables
from digits.core.errors import PipelineError, check_choice, unknown_choice
from digits.core.params import FILE, Params
from digits.results.differences import Difference, compare_predictions, t_test
from digits.results.drawing import write_sheet
from digits.results.read import ImageDataset
from digits.results.seeds import compare_over_seeds
from digits.results.wording import (
    DIFFERENCE_HEADINGS,
    format_difference,
    format_interval,
    format_subset,
    format_verdict,
    print_table,
)

import click
import numpy as np
import pandas as pd

MAX_DRAWN = 60  # a sheet shows at most this many fixed and this many broken images
SEEDS_HEADINGS = ["model", "before", "after", "points (99 %)", "p"]
WRAP_WIDTH = 80  # columns


class Revision:
    """The predictions of a Git revision, or of the workspace.

    They come from the workspace, DVC's cache or the remote. Nothing is checked out.
    """

    def __init__(self, name: str | None = None) -> None:
        # The import takes half a second, which `digits compare --help` does not need.
        from dvc.api import DVCFileSystem

        self.is_workspace = name is None
        self.name = name or "the workspace"
        self.files = DVCFileSystem(".", rev=name)
        click.get_current_context().call_on_close(self.files.close)

    def exists(self) -> bool:
        """Return whether Git knows the revision."""
        from dvc.scm import RevError

        try:
            self.files.info("/")  # this opens the revision
        except RevError:
            return False
        return True

    def model_names(self) -> set[str]:
        """Return the names of the models that have predictions."""
        pattern = paths.predictions("*").as_posix()
        return {Path(path).stem for path in self.files.glob(pattern)}

    def compute_checksums(self, *outputs: Path) -> list[str | None]:
        """Return the MD5 checksum of each output, or None if it is unknown.

        If the file is in the workspace, its checksum is computed. Otherwise the checksum is
        read from dvc.lock.
        """
        checksums: list[str | None] = []
        for path in outputs:
            info = self.files.info(path.as_posix())
            if "fs_info" in info:  # the file is in the workspace
                checksums.append(md5(path.read_bytes()).hexdigest())
            else:
                checksums.append(info.get("md5"))
        return checksums

    def read(self, path: Path) -> pd.DataFrame:
        """Read a table of predictions.

        Raises:
            PipelineError: the table does not exist, or cannot be read.
        """
        if not self.files.exists(path.as_posix()):
            raise PipelineError(f"{self.name} has no predictions")
        try:
            content = self.files.read_bytes(path.as_posix())
            return pd.read_parquet(io.BytesIO(content))
        except Exception as error:  # each kind of remote has exceptions of its own
            message = str(error) or type(error).__name__
            reason = message.removeprefix("[Errno 2] ").partition(":")[0]
            if self.is_workspace:
                repro = f"dvc repro evaluate@{path.stem}"
                remedy = f"`{repro}` makes them, `dvc pull` fetches what was shared"
            else:
                remedy = "`dvc push` them first"
            raise PipelineError(
                f"{self.name}'s predictions cannot be read ({reason}); {remedy}"
            ) from None

    def read_params(self) -> Params:
        """Return the content of params.yaml.

        Raises:
            PipelineError: it is not valid.
        """
        text = self.files.read_text(FILE.name)
        return params.validate(Params, params.read_yaml(text))


class Pair(NamedTuple):
    """Two models to compare."""

    label: str  # of the pair, in the output
    before: str  # the name of the model in the first revision
    after: str  # the name of the model in the second revision


@click.command(
    epilog=examples(
        "compare main",
        "compare HEAD~1 HEAD two-logreg",
        "compare --between digit-champion digit-fast",
    )
)
@click.argument("words", nargs=-1, metavar="[REV [REV2] [MODEL]...]")
@click.option(
    "--between", nargs=2, metavar="A B", help="Compare the models A and B, in place of REV."
)
@click.option(
    "--png",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw what only one of them gets right.",
)
@click.option(
    "--seeds", type=click.IntRange(3, 100), metavar="N", help="Refit both under N seeds."
)
@click.option("--md", is_flag=True, help="Print Markdown, for a pull request.")
def command(
    words: tuple[str, ...],
    between: tuple[str, str] | None,
    png: Path | None,
    seeds: int | None,
    md: bool,
) -> None:
    """Compare the predictions of two revisions, or of two models, on the same images.

    REV, a branch, a tag or a commit, is compared with REV2, or with the workspace. Nothing is
    checked out: the predictions come from DVC's cache or the remote.

    Two fits are compared in cross-validation, or, without folds, on the test set. They differ
    if p is below 0.01. It is the p-value of the exact test of the images that only one of the
    two gets right, or, with six groups or more, of a t-test of the groups' differences. The
    points in brackets are the 99 % interval of the gain. --seeds 5 refits both under five
    seeds.
    """
    has_revision = len(words) > 0 and all(words)  # DVC would take "" for the workspace
    if has_revision == bool(between):
        raise click.UsageError("give a revision, or --between A B")
    if between:
        before = after = Revision()
        pairs = [pair_models(*between)]
    else:
        before, after, names = parse_arguments(words)
        if not names:
            names = sorted(before.model_names() & after.model_names())
            if not seeds:
                names = [name for name in names if has_changed(name, before, after)]
        pairs = [Pair(label=name, before=name, after=name) for name in names]

    table_format = "pipe" if md else "simple"
    if seeds:
        print_seeds_table(pairs, before, after, seeds, table_format)
        return
    differences, failures = compare_pairs(
        pairs, before, after, keep_unchanged=between is not None
    )
    if differences:
        print_differences(differences, table_format)
    elif not failures:
        print("The predictions are the same.")
    if png and differences:
        draw_sheet(png, differences)
    if failures:
        raise PipelineError("; ".join(failures))


def pair_models(first: str, second: str) -> Pair:
    """Return two models of the workspace as a pair.

    Raises:
        PipelineError: params.yaml has no model of this name.
    """
    models = params.load().models
    check_choice("--between", first, models)
    check_choice("--between", second, models)
    return Pair(label=f"{first} → {second}", before=first, after=second)


def parse_arguments(words: tuple[str, ...]) -> tuple[Revision, Revision, list[str]]:
    """Return the two revisions, and the names of the models, that the arguments give.

    The second word is a revision unless it is the name of a model.

    Raises:
        PipelineError: the second word is neither.
    """
    before = Revision(words[0])
    after = Revision()
    names = list(words[1:])
    if names:
        known_names = before.model_names() | after.model_names() | set(params.load().models)
        if names[0] not in known_names:
            after = Revision(names[0])
            if not after.exists():
                raise unknown_choice("REV2 or MODEL", names[0], known_names)
            del names[0]
    return before, after, names


def has_changed(model_name: str, before: Revision, after: Revision) -> bool:
    """Return whether the files of a model's predictions differ between two revisions."""
    files = [paths.crossval(model_name), paths.predictions(model_name)]
    return before.compute_checksums(*files) != after.compute_checksums(*files)


def compare_pairs(
    pairs: list[Pair], before: Revision, after: Revision, *, keep_unchanged: bool
) -> tuple[dict[Pair, Difference], list[str]]:
    """Compare pairs of models.

    Args:
        pairs: the models.
        before: the revision of the first model of a pair.
        after: the revision of the second model.
        keep_unchanged: whether to return a pair's difference even if both predict the same.

    Returns:
        The differences, and a message for each pair that cannot be compared.
    """
    differences = {}
    failures = []
    for pair in pairs:
        try:
            difference = compare_revisions(before, after, pair.before, pair.after)
        except PipelineError as error:
            failures.append(f"{error.message}: {pair.label}")
            continue
        if keep_unchanged or difference.n_changed > 0:
            differences[pair] = difference
    return differences, failures


def compare_revisions(
    before: Revision, after: Revision, name_before: str, name_after: str
) -> Difference:
    """Compare a model of one revision with a model of another.

    They are compared on their cross-validated predictions, or on those of the test set if one
    of the two has no folds.

    Raises:
        PipelineError: the predictions cannot be read, or are of different images.
    """
    predictions_before = before.read(paths.crossval(name_before))
    predictions_after = after.read(paths.crossval(name_after))
    if "fold" not in predictions_before or "fold" not in predictions_after:
        predictions_before = before.read(paths.predictions(name_before))
        predictions_after = after.read(paths.predictions(name_after))
    return compare_predictions(predictions_before, predictions_after)


def print_differences(differences: dict[Pair, Difference], table_format: str) -> None:
    """Print a table of differences, then a sentence about each."""
    rows = []
    for pair, difference in differences.items():
        rows.append([pair.after, *format_difference(difference)])
    print_table(DIFFERENCE_HEADINGS, rows, table_format=table_format)
    for pair, difference in differences.items():
        images = f"{difference.n_images} images {format_subset(difference)}"
        sentence = f"{pair.label}, {images}: {format_verdict(difference)}."
        if table_format == "pipe":
            print(f"\n- {sentence}")
        else:
            print("\n" + click.wrap_text(sentence, WRAP_WIDTH, subsequent_indent="  "))


def draw_sheet(path: Path, differences: dict[Pair, Difference]) -> None:
    """Write a PNG file of the images that only one of two models predicts correctly.

    The fixed images come first, then the broken ones.

    Raises:
        PipelineError: there is more than one difference.
    """
    if len(differences) > 1:
        labels = [pair.label for pair in differences]
        raise PipelineError(f"--png draws one model; name one of {', '.join(labels)}")
    [(pair, difference)] = differences.items()
    fixed = difference.fixed[:MAX_DRAWN]
    broken = difference.broken[:MAX_DRAWN]
    captions = [f"fixed: {row}" for row in fixed] + [f"broken: {row}" for row in broken]

    settings = params.load()
    dataset_name = settings.dataset_name_of_task(settings.model(pair.after).task)
    images = ImageDataset.read(dataset_name)
    write_sheet(path, images.pixels[np.concatenate([fixed, broken])], captions)


def print_seeds_table(
    pairs: list[Pair], before: Revision, after: Revision, n_seeds: int, table_format: str
) -> None:
    """Refit pairs of models under several seeds, and print a table of their accuracies.

    Raises:
        PipelineError: a pair cannot be compared under several seeds.
    """
    params_before = before.read_params()
    params_after = after.read_params()
    rows = []
    for pair in pairs:
        check_same_folds(pair, params_before, params_after)
        model_before = params_before.model(pair.before)
        model_after = params_after.model(pair.after)
        train_images = tables.read(paths.task(model_after.task, "train"))
        accuracies = compare_over_seeds(
            model_before, model_after, train_images, params_after.seed, n_seeds
        )
        rows.append([pair.label, *format_accuracies_over_seeds(pair, accuracies)])

    print_table(SEEDS_HEADINGS, rows, table_format=table_format)
    print(
        f"\nMean ± standard deviation in cross-validation, over {n_seeds} seeds, of the same "
        "images and folds."
    )


def check_same_folds(pair: Pair, params_before: Params, params_after: Params) -> None:
    """Check that two models are trained for the same task, in the same folds.

    Raises:
        PipelineError: they are not, or have no folds.
    """
    model_before = params_before.model(pair.before)
    model_after = params_after.model(pair.after)
    task_before = params_before.task(model_before.task)
    task_after = params_after.task(model_after.task)
    have_folds = model_before.folds > 0
    have_same_folds = task_before == task_after and model_before.folds == model_after.folds
    if not have_folds or not have_same_folds:
        raise PipelineError(
            f"{pair.label}: the two have other tasks or folds, or none, so refits cannot be "
            "compared"
        )


def format_accuracies_over_seeds(pair: Pair, accuracies: pd.DataFrame) -> list[str]:
    """Return the cells of a pair below SEEDS_HEADINGS, without the first one.

    Args:
        pair: the two models.
        accuracies: one row per seed, with the columns `before` and `after`.

    Raises:
        PipelineError: the accuracies do not depend on the seed.
    """
    if (accuracies.nunique() == 1).all():
        raise PipelineError(
            f"{pair.label}: neither draws anything at random; compare them without --seeds"
        )
    cells = []
    for column in ["before", "after"]:
        mean = accuracies[column].mean()
        std = accuracies[column].std()
        cells.append(f"{mean:.4f} ± {std:.4f}")
    gains = accuracies["after"] - accuracies["before"]
    test = t_test(gains.to_numpy())
    return [*cells, format_interval(test), f"{test.p_value:.2g}"]
