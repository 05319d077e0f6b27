"""Put everything that has been evaluated into one page."""

import fnmatch
from pathlib import Path

from digits.commands import examples
from digits.core import params, paths
from digits.core.errors import PipelineError, note

import click


@click.command(epilog=examples("report", "report --experiments 'small-*' --output demo.html"))
@click.option("--experiments", "pattern", default="*", metavar="PATTERN", help="Which to report on (default: all).")
@click.option("--output", type=click.Path(path_type=Path), default="report.html", show_default=True, help="The page.")
def command(pattern: str, output: Path) -> None:
    """Put everything that has been evaluated here into one HTML page that needs nothing else.

    Nothing of the moment goes in: the same metrics, plot tables and predictions give the same page.
    """
    from digits.report import page  # not at the top: `--help` needs no SciPy

    settings = params.load()
    names = fnmatch.filter(settings.experiments, pattern)
    if not names:
        raise PipelineError(f"no experiment is called {pattern!r}; there are: {', '.join(settings.experiments)}")
    datasets = {name: settings.dataset_of(settings.experiments[name].task) for name in names}
    needed = {name: (paths.metrics(name), paths.predictions(name), paths.raw(datasets[name])) for name in names}
    evaluated = [name for name in names if all(path.exists() for path in needed[name])]
    if not evaluated:
        raise PipelineError("nothing has been evaluated here yet; `make demo` or `make repro` does it")
    if missing := [name for name in names if name not in evaluated]:
        note(f"not here: {len(missing)}, first {missing[0]}; `make repro` or `dvc pull` brings all")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page.render(settings, evaluated), encoding="utf-8")
