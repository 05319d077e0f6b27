"""Compare the predictions of two revisions, or of two models."""

import textwrap

import click
import pandas as pd

from digits.commands import columns, examples, format_option
from digits.core import paths
from digits.messages.errors import UserError
from digits.results.differences import Difference, compare_models
from digits.results.revisions import Revision
from digits.results.tables import print_table
from digits.results.verdicts import DIFFERENCE_HEADINGS, format_difference, format_verdict

WIDTH = 80  # of the notes, in characters
DIFFERENCES_NOTE = (
    "fixed: images wrong before, correct after; broken: correct before, wrong after"
)
COLUMNS = {
    "accuracy": "The proportion of images that are classified correctly.",
    "difference": "The accuracy after minus the accuracy before, in percentage points.",
    "p": (
        "The p-value of McNemar's exact test or, if the images have groups, of a paired t-test "
        "over the groups. With one to five groups, it is missing. The "
        "difference is significant if the p-value is below 0.01."
    ),
    "fixed": "The number of images that only the new model classifies correctly.",
    "broken": "The number of images that only the old model classifies correctly.",
}


# The fields of the JSON and CSV output, which has no lists.
FIELDS = ["before", "after", *Difference._fields]
FIELDS.remove("points_of_groups")


@click.command(
    epilog=columns(COLUMNS)
    + examples(
        "compare main",
        "compare HEAD~1 two-logreg --to HEAD",
        "compare --between digit-champion digit-fast",
    )
)
@click.argument("revision", metavar="[REV]", required=False)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--to", metavar="REV2", help="Compare with REV2, not with the workspace.")
@click.option(
    "--between", nargs=2, metavar="A B", help="Compare the models A and B of the workspace."
)
@format_option
def command(
    revision: str | None,
    models: tuple[str, ...],
    to: str | None,
    between: tuple[str, str] | None,
    table_format: str,
) -> None:
    """Compare the predictions of two revisions, or of two models, on the same images.

    REV is a branch, a tag or a commit. It is compared with the workspace, which has the files
    as they are now, or with the revision that --to names. Without MODEL, all models whose
    predictions differ are compared. Nothing is checked out: the predictions come from DVC's
    cache or the remote.

    Models are compared by their cross-validated predictions, or, if one of the two has no
    folds, by their predictions of the test set.
    """
    if not revision and not between:
        raise click.UsageError("give a revision, or --between and two models")
    if between and (revision or to):
        raise click.UsageError("--between compares models of the workspace, not of a revision")

    with Revision(revision) as before, Revision(to) as after:
        if between:
            pairs = [between]
        elif models:
            pairs = [(name, name) for name in models]
        else:
            names = sorted(before.evaluated_models() & after.evaluated_models())
            if not names:
                raise UserError(f"{before.name} and {after.name} have no model in common")
            pairs = [(name, name) for name in names if has_changed(name, before, after)]

        if not pairs:
            data = pd.DataFrame(columns=FIELDS)
            print_table(table_format, data, [], [], "The predictions are the same.")
        else:
            print_differences(pairs, before, after, table_format)


def has_changed(model_name: str, before: Revision, after: Revision) -> bool:
    """Return whether the predictions of a model differ between two revisions."""
    files = [paths.cv_predictions(model_name), paths.predictions(model_name)]
    return any(before.checksum(file) != after.checksum(file) for file in files)


def print_differences(
    pairs: list[tuple[str, str]], before: Revision, after: Revision, table_format: str
) -> None:
    """Print the differences of pairs of models. A pair can be two versions of one model.

    Raises:
        UserError: some pairs cannot be compared. The others are printed first.
    """
    records = []
    rows = []
    notes = []
    failures = []
    bullet = "- " if table_format == "markdown" else ""
    for first, second in pairs:
        label = first if first == second else f"{first} → {second}"
        try:
            difference = compare_models(first, second, before.read, after.read)
        except UserError as error:
            failures.append(f"{label}: {error.message}")
            continue
        records.append({"before": first, "after": second, **difference._asdict()})
        rows.append([label, *format_difference(difference)])
        notes.append(wrap(f"{bullet}{label}, {format_verdict(difference)}."))
    if rows:
        data = pd.DataFrame(records, columns=FIELDS)
        text = "\n".join([*notes, "", DIFFERENCES_NOTE])
        print_table(table_format, data, DIFFERENCE_HEADINGS, rows, text)
    if failures:
        raise UserError("; ".join(failures))


def wrap(note: str) -> str:
    """Return a note in lines. None begins with a per cent sign, or breaks a name."""
    unbroken = note.replace(" %", "\N{NO-BREAK SPACE}%")
    wrapped = textwrap.fill(unbroken, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    return wrapped.replace("\N{NO-BREAK SPACE}", " ")
