"""Write an HTML report about the models that have been evaluated."""

from pathlib import Path
from typing import NoReturn

import click

from digits.commands import examples, not_evaluated_error, select_models
from digits.core import paths
from digits.core.files import atomic_write
from digits.messages.errors import check_exists
from digits.messages.terminal import echo, to_printable
from digits.settings import params_file
from digits.settings.params import Params


@click.command(epilog=examples("report", "report --models 'small-*' --output demo.html"))
@click.option(
    "--models",
    "pattern",
    default="*",
    show_default=True,
    metavar="PATTERN",
    help="Include only models whose names match.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="Write the page to this file.",
)
def command(pattern: str, output: Path) -> None:
    """Write an HTML report about the models that have been evaluated.

    It has the leaderboard, and the metrics, charts and mistakes of each model. The report is a
    single file that loads nothing from the internet. The same results always give the same
    file.
    """
    from digits_report.page import render_page  # it imports SciPy, which `--help` doesn't need

    settings = params_file.load()
    names = select_models("--models", pattern, settings.models)
    evaluated = [name for name in names if has_report_files(settings, name)]
    if not evaluated:
        report_missing_files(settings, names, pattern)
    missing = [name for name in names if name not in evaluated]
    page = render_page(settings, evaluated)
    with atomic_write(output) as temporary:
        temporary.write_text(to_printable(page), encoding="utf-8")
    if missing:
        echo(
            f"{output} has {len(evaluated)} of {len(names)} models. To add the others, such as "
            f"{missing[0]}, run `make repro`, or `dvc pull` if their results were shared."
        )


def has_report_files(settings: Params, name: str) -> bool:
    """Return whether all files of a model that the report needs exist."""
    dataset_name = settings.dataset_name_of_task(settings.models[name].task)
    return is_evaluated(name) and paths.raw(dataset_name).exists()


def is_evaluated(name: str) -> bool:
    """Return whether the results of a model exist."""
    return paths.metrics(name).exists() and paths.predictions(name).exists()


def report_missing_files(settings: Params, names: list[str], pattern: str) -> NoReturn:
    """Raise the error if no model has all files that the report needs."""
    for name in filter(is_evaluated, names):
        dataset_name = settings.dataset_name_of_task(settings.models[name].task)
        check_exists(paths.raw(dataset_name), f"fetch@{dataset_name}")
    raise not_evaluated_error(pattern)
