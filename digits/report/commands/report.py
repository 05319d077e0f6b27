"""Put everything that has been evaluated here into one page.

Reads params.yaml, and for each experiment with metrics, predictions and a dataset here: those, its plot tables, and the
digests of its files; also the locked versions. Writes one HTML file that needs nothing else. The one decision: nothing
of the moment or of the machine goes in, so that the same inputs give the same page.
"""

import fnmatch
from pathlib import Path

from digits.io import files, paths
from digits.report import board, figures
from digits.report.content import describe_dataset, locked_versions
from digits.report.experiment import describe
from digits.results.measured import HEADINGS
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment

import jinja2

REQUIREMENTS = Path("requirements.lock")


def main() -> None:
    """Read, draw, write."""
    parser = cli.parser(__doc__, "", "--experiments 'digits-*' --output demo.html")
    parser.add_argument("--experiments", default="*", metavar="PATTERN", help="which to report on (default: all)")
    parser.add_argument("--output", type=Path, default=Path("report.html"), help="default: report.html")
    arguments = parser.parse_args()

    params = parameters.load()
    names = fnmatch.filter(params.names(Experiment), arguments.experiments)
    if not names:
        raise ParameterError(f"no experiment is called {arguments.experiments!r}")
    dataset_of = {name: params.dataset_of(name) for name in names}
    evaluated = [name for name in names if _is_evaluated(name, dataset_of[name])]
    if not evaluated:
        raise PipelineError("nothing has been evaluated here yet; `make demo` or `make repro` does it")
    if missing := [name for name in names if name not in evaluated]:
        cli.note(f"not evaluated here: {', '.join(missing)}")
    described = [describe_dataset(key) for key in dict.fromkeys(dataset_of[name] for name in evaluated)]
    datasets = {each["name"]: each for each in sorted(described, key=lambda each: -each["images"].size)}
    order = list(datasets)  # the largest first
    experiments = [
        describe(name, params.block(Experiment, name), datasets[dataset_of[name]])
        for name in cli.progress(evaluated, len(evaluated), "experiments")
    ]
    experiments.sort(key=lambda each: (order.index(each["dataset"]), each["rank"]))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["spaced"] = lambda number: f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
    try:
        page = environment.get_template("page.html").render(
            title=_title(evaluated, order),
            columns=HEADINGS,
            board=board.draw(experiments),
            experiments=experiments,
            datasets=list(datasets.values()),
            part_names=figures.PARTS,
            versions=locked_versions(REQUIREMENTS.read_text(encoding="utf-8")),
            seed=params.seed,
        )
    except (jinja2.UndefinedError, TypeError) as error:
        raise PipelineError(
            f"a figure of metrics/ is missing or no number ({error}); `dvc repro` makes it again"
        ) from None
    files.write_text(arguments.output, page)


def _title(experiments: list[str], datasets: list[str]) -> str:
    """Say what is in the page, so that two of them can be told apart."""
    if len(experiments) <= 2:
        return " and ".join(experiments)
    return f"{len(experiments)} experiments on {' and '.join(datasets)}"


def _is_evaluated(experiment: str, dataset: str) -> bool:
    needed = [paths.metrics(experiment), paths.predictions(experiment), paths.raw(dataset)]
    return all(path.exists() for path in needed)


if __name__ == "__main__":
    cli.run(main)
