"""Compare the predictions of two revisions, or of two models."""

import io
import textwrap
from hashlib import md5
from pathlib import Path
from typing import NamedTuple

from digits.commands import columns, examples
from digits.core import params, paths
from digits.core.errors import UserError, check_choice, unknown_choice, warn
from digits.core.params import FILE, Params
from digits.results.differences import Difference, compare_predictions, t_test
from digits.results.drawing import write_sheet
from digits.results.formatting import (
    DIFFERENCE_HEADINGS,
    format_difference,
    format_p_value,
    format_points,
    format_significance,
    format_subset,
    format_verdict,
    print_table,
)
from digits.results.read import ImageDataset, read_train_images
from digits.results.seeds import compare_over_seeds

import click
import numpy as np
import pandas as pd

MAX_DRAWN = 60  # a sheet shows at most this many fixed and this many broken images
SEEDS_HEADINGS = DIFFERENCE_HEADINGS[:5]
WRAP_WIDTH = 80  # columns

DIFFERENCES_NOTE = (
    "fixed: images wrong before, correct after; broken: correct before, wrong after"
)

COLUMNS = {
    "accuracy": "The proportion of images that are classified correctly.",
    "difference": "The accuracy after minus the accuracy before, in percentage points.",
    "p": (
        "The p-value of McNemar's exact test. If the images have six groups or more, it is the "
        "p-value of a paired t-test over the groups. The difference is significant if the "
        "p-value is below 0.01."
    ),
    "fixed": "The number of images that only the model after classifies correctly.",
    "broken": "The number of images that only the model before classifies correctly.",
}


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
        """Read a table of predictions, of which the file is named after the model.

        Raises:
            UserError: the table does not exist, or cannot be read.
        """
        if not self.files.exists(path.as_posix()):
            raise UserError(f"{self.name} has no model {path.stem!r}")
        info = self.files.info(path.as_posix())
        if "fs_info" not in info and "md5" not in info:  # dvc.yaml has the model, not dvc.lock
            raise self.never_evaluated(path.stem)
        try:
            content = self.files.read_bytes(path.as_posix())
            return pd.read_parquet(io.BytesIO(content))
        except Exception as error:  # each kind of remote has exceptions of its own
            message = str(error) or type(error).__name__
            reason = message.removeprefix("[Errno 2] ").partition(":")[0]
            if self.is_workspace:
                remedy = f"run `digits repro {path.stem}`, or `dvc pull` if they were shared"
            else:
                remedy = f"run `dvc push` where the results of {self.name} are"
            raise UserError(
                f"the predictions of {path.stem} in {self.name} cannot be read ({reason}); "
                f"{remedy}"
            ) from None

    def never_evaluated(self, model_name: str) -> UserError:
        """Return the error for a model that has no entry in dvc.lock."""
        command = f"digits repro {model_name}"
        if self.is_workspace:
            remedy = f"run `{command}`"
        else:
            remedy = f"check it out, run `{command}`, and commit dvc.lock"
        return UserError(f"{model_name} was not evaluated in {self.name}; {remedy}")

    def read_params(self) -> Params:
        """Return the content of params.yaml.

        Raises:
            UserError: it is not valid.
        """
        text = self.files.read_text(FILE.name)
        return params.validate(Params, params.read_yaml(text))


class Pair(NamedTuple):
    """Two models to compare."""

    label: str  # of the pair, in the output
    before: str  # the name of the model in the first revision
    after: str  # the name of the model in the second revision


@click.command(
    epilog=columns(COLUMNS)
    + examples(
        "compare main",
        "compare HEAD~1 HEAD two-logreg",
        "compare --between digit-champion digit-fast",
    )
)
@click.argument("words", nargs=-1, metavar="[REV [REV2] [MODEL]...]")
@click.option(
    "--between", nargs=2, metavar="A B", help="Compare the models A and B of the workspace."
)
@click.option(
    "--png",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a PNG file of the fixed and broken images.",
)
@click.option(
    "--seeds",
    type=click.IntRange(3, 100),
    metavar="N",
    help="Train both models with N seeds.",
)
@click.option("--md", is_flag=True, help="Print Markdown, for example for a pull request.")
def command(
    words: tuple[str, ...],
    between: tuple[str, str] | None,
    png: Path | None,
    seeds: int | None,
    md: bool,
) -> None:
    """Compare the predictions of two revisions, or of two models, on the same images.

    REV is a branch, a tag or a commit. It is compared with REV2 or, without REV2, with the
    workspace, which has the files as they are now. Without MODEL, all models whose predictions
    differ are compared. Nothing is checked out: the predictions come from DVC's cache or the
    remote.

    Models are compared by their cross-validated predictions, or, if one of the two has no
    folds, by their predictions of the test set.
    """
    has_revision = len(words) > 0 and all(words)  # DVC would take "" for the workspace
    if has_revision == bool(between):
        raise click.UsageError("give either a revision, or --between and two models")
    if png and seeds:
        raise click.UsageError("--png cannot be used with --seeds")
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
    if png and any(difference.n_changed for difference in differences.values()):
        draw_sheet(png, differences)
    elif png:
        warn(f"{png} is not written, because no prediction differs")
    if failures:
        raise UserError("; ".join(failures))


def pair_models(first: str, second: str) -> Pair:
    """Return two models of the workspace as a pair.

    Raises:
        UserError: params.yaml has no model of this name.
    """
    models = params.load().models
    check_choice("--between", first, models)
    check_choice("--between", second, models)
    return Pair(label=f"{first} → {second}", before=first, after=second)


def parse_arguments(words: tuple[str, ...]) -> tuple[Revision, Revision, list[str]]:
    """Return the two revisions, and the names of the models, that the arguments give.

    The second word is a revision unless it is the name of a model.

    Raises:
        UserError: the first word is no revision, the second one is neither a revision nor
            a model, or another one is no model.
    """
    current_names = set(params.load().models)
    before = Revision(words[0])
    if not before.exists():
        raise unknown_revision(words[0], current_names)
    after = Revision()
    names = list(words[1:])
    if names:
        known_names = before.model_names() | after.model_names() | current_names
        if names[0] not in known_names:
            after = Revision(names[0])
            if not after.exists():
                raise unknown_choice("REV2 or MODEL", names[0], known_names)
            del names[0]
            known_names |= after.model_names()
        for name in names:
            check_choice("MODEL", name, known_names)
    return before, after, names


def unknown_revision(word: str, model_names: set[str]) -> UserError:
    """Return the error for a first argument that is no revision."""
    message = f"REV: Git has no branch, tag or commit {word!r}"
    if word in model_names:
        message += f"; to compare this model with HEAD, run `digits compare HEAD {word}`"
    return UserError(message)


def has_changed(model_name: str, before: Revision, after: Revision) -> bool:
    """Return whether the predictions of a model differ between two revisions."""
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
        except UserError as error:
            failures.append(f"{pair.label}: {error.message}")
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
        UserError: the predictions cannot be read, or are of different images.
    """
    predictions_before = before.read(paths.crossval(name_before))
    predictions_after = after.read(paths.crossval(name_after))
    if "fold" not in predictions_before or "fold" not in predictions_after:
        predictions_before = before.read(paths.predictions(name_before))
        predictions_after = after.read(paths.predictions(name_after))
    return compare_predictions(predictions_before, predictions_after)


def print_differences(differences: dict[Pair, Difference], table_format: str) -> None:
    """Print a table of differences, a sentence about each, and a note about the columns."""
    rows = []
    for pair, difference in differences.items():
        label = pair.label
        if table_format != "pipe":  # in the terminal, each of two models has a line of its own
            label = label.replace(" → ", " →\n")
        rows.append([label, *format_difference(difference)])
    print_table(DIFFERENCE_HEADINGS, rows, table_format=table_format)
    for pair, difference in differences.items():
        images = f"{difference.n_images:,} images {format_subset(difference)}"
        print_sentence(f"{pair.label}, {images}: {format_verdict(difference)}.", table_format)
    print_note(DIFFERENCES_NOTE, table_format)


def print_sentence(sentence: str, table_format: str) -> None:
    """Print a sentence about a pair below a table, in Markdown as an item of a list."""
    if table_format == "pipe":
        print(f"\n- {sentence}")
    else:
        print("\n" + wrap(sentence, indent="  "))


def print_note(note: str, table_format: str) -> None:
    """Print a note about the columns of a table."""
    print("\n" + (note if table_format == "pipe" else wrap(note)))


def wrap(text: str, indent: str = "") -> str:
    """Return a text in lines of the terminal. No line ends before `%` or inside a word."""
    unbroken = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.fill(
        unbroken, WRAP_WIDTH, subsequent_indent=indent, break_on_hyphens=False
    )
    return lines.replace("\N{NO-BREAK SPACE}", " ")


def draw_sheet(path: Path, differences: dict[Pair, Difference]) -> None:
    """Write a PNG file of the images that only one of two models predicts correctly.

    The fixed images come first, then the broken ones.

    Raises:
        UserError: there is more than one difference.
    """
    if len(differences) > 1:
        labels = [pair.label for pair in differences]
        raise UserError(f"--png draws one model; name one of {', '.join(labels)}")
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
    """Train pairs of models with several seeds, and print a table of their accuracies.

    Raises:
        UserError: a pair cannot be compared with several seeds.
    """
    params_before = before.read_params()
    params_after = after.read_params()
    rows = []
    sentences = []
    for pair in pairs:
        check_same_folds(pair, params_before, params_after)
        model_before = params_before.model(pair.before)
        model_after = params_after.model(pair.after)
        train_images = read_train_images(model_after.task)
        accuracies = compare_over_seeds(
            model_before, model_after, train_images, params_after.seed, n_seeds
        )
        check_depends_on_seed(pair, accuracies)
        differences = accuracies["after"] - accuracies["before"]
        test = t_test(differences.to_numpy())
        points = format_points(100 * differences.mean())
        cells = [format_mean(accuracies["before"]), format_mean(accuracies["after"])]
        rows.append([pair.label, *cells, points, format_p_value(test.p_value)])
        verdict = format_significance(test)
        sentences.append(f"{pair.label}: {verdict} in a t-test over {n_seeds} seeds.")

    print_table(SEEDS_HEADINGS, rows, table_format=table_format)
    for sentence in sentences:
        print_sentence(sentence, table_format)
    print_note(
        f"The accuracies are the mean ± the standard deviation over {n_seeds} seeds, in "
        "cross-validation on the same images and folds.",
        table_format,
    )


def check_same_folds(pair: Pair, params_before: Params, params_after: Params) -> None:
    """Check that two models are trained for the same task, in the same folds.

    Raises:
        UserError: they are not, or have no folds.
    """
    model_before = params_before.model(pair.before)
    model_after = params_after.model(pair.after)
    task_before = params_before.task(model_before.task)
    task_after = params_after.task(model_after.task)
    have_folds = model_before.folds > 0
    have_same_folds = task_before == task_after and model_before.folds == model_after.folds
    if not have_folds or not have_same_folds:
        raise UserError(
            f"{pair.label}: --seeds needs two models of the same task with the same number of "
            "folds, at least 2"
        )


def check_depends_on_seed(pair: Pair, accuracies: pd.DataFrame) -> None:
    """Check that the accuracies of two models depend on the seed.

    Args:
        pair: the two models.
        accuracies: one row per seed, with the columns `before` and `after`.

    Raises:
        UserError: neither of them does.
    """
    if (accuracies.nunique() == 1).all():
        raise UserError(
            f"{pair.label}: neither draws anything at random; compare them without --seeds"
        )


def format_mean(accuracies: pd.Series) -> str:
    """Return the mean and the standard deviation of some accuracies."""
    return f"{accuracies.mean():.4f} ± {accuracies.std():.4f}"
