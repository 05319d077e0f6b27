"""Write an HTML page about all models that have been evaluated."""

import fnmatch
from pathlib import Path

from digits.commands import examples
from digits.core import params, paths
from digits.core.errors import PipelineError, warn
from digits.core.params import Params

import click


@click.command(epilog=examples("report", "report --models 'small-*' --output demo.html"))
@click.option(
    "--models",
    "pattern",
    default="*",
    metavar="PATTERN",
    help="Report only on models whose names match.  [default: all]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    help="Write this file.",
)
def command(pattern: str, output: Path) -> None:
    """Write an HTML page about all models that have been evaluated.

    The page is one file, and needs no network. The same metrics, plot tables and predictions
    always give the same page.
    """
    from digits.report.page import render_page  # it imports SciPy, which `--help` doesn't need

    settings = params.load()
    names = fnmatch.filter(settings.models, pattern)
    if not names:
        valid = ", ".join(settings.models)
        raise PipelineError(f"no model matches {pattern!r}; valid: {valid}")
    evaluated = [name for name in names if is_evaluated(settings, name)]
    if not evaluated:
        raise PipelineError("no model has been evaluated yet; run `make demo` or `make repro`")
    missing = [name for name in names if name not in evaluated]
    if missing:
        warn(
            f"the results of {len(missing)} of {len(names)} models were not found, first "
            f"{missing[0]}; run `make repro` or `dvc pull`"
        )

    page = render_page(settings, evaluated)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")


def is_evaluated(settings: Params, name: str) -> bool:
    """Return whether the files of a model that the report needs exist."""
    dataset_name = settings.dataset_name_of_task(settings.model(name).task)
    needed = [paths.metrics(name), paths.predictions(name), paths.raw(dataset_name)]
    return all(path.exists() for path in needed)
