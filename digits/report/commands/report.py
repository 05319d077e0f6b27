"""Put everything that has been evaluated into one page."""

import fnmatch
from pathlib import Path

from digits.commands import examples
from digits.io import files, paths
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment

import click


@click.command(epilog=examples("report", "report --experiments 'small-*' --output demo.html"))
@click.option("--experiments", "pattern", default="*", metavar="PATTERN", help="Which to report on (default: all).")
@click.option("--output", type=Path, default="report.html", show_default=True, help="The page.")
def command(pattern: str, output: Path) -> None:
    """Put everything that has been evaluated here into one HTML page that needs nothing else.

    It reads params.yaml, and for each experiment with metrics, predictions and a dataset here: those, its plot tables,
    and the digests of its files. Nothing of the moment goes in: the same inputs give the same page.
    """
    from digits.report import page  # not at the top: `--help` needs no SciPy

    params = parameters.load()
    names = fnmatch.filter(params.names(Experiment), pattern)
    if not names:
        raise ParameterError(f"no experiment is called {pattern!r}")
    needed = {
        name: [paths.metrics(name), paths.predictions(name), paths.raw(params.dataset_of(name))] for name in names
    }
    evaluated = [name for name in names if all(path.exists() for path in needed[name])]
    if not evaluated:
        raise PipelineError("nothing has been evaluated here yet; `make demo` or `make repro` does it")
    if missing := [name for name in names if name not in evaluated]:
        cli.note(f"{len(missing)} more experiment{'s' * (len(missing) > 1)}: `make repro` or `dvc pull`")
    files.write_text(output, page.render(params, evaluated))
