"""Put everything that has been evaluated here into one page.

Reads params.yaml, and for each experiment with metrics, predictions and a dataset here: those, its plot tables, and the
digests of its files; also the locked versions. Writes one HTML file that needs nothing else. The one decision: nothing
of the moment or of the machine goes in, so that the same inputs give the same page.
"""

import fnmatch
from operator import itemgetter
from pathlib import Path

import jinja2

from digits.common import cli, files, parameters, paths
from digits.common.errors import ParameterError, PipelineError
from digits.common.parameters import Experiment
from tools.report.content import describe_dataset, describe_experiment, locked_versions
from tools.results import HEADINGS

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
    datasets = {key: describe_dataset(key) for key in dict.fromkeys(dataset_of[name] for name in evaluated)}
    experiments = [
        describe_experiment(name, params.block(Experiment, name), datasets[dataset_of[name]])
        for name in cli.progress(evaluated, len(evaluated), "experiments")
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    try:
        page = environment.get_template("page.html").render(
            columns=HEADINGS,
            experiments=sorted(experiments, key=itemgetter("rank")),
            datasets=list(datasets.values()),
            versions=locked_versions(REQUIREMENTS.read_text(encoding="utf-8")),
            seed=params.seed,
        )
    except (jinja2.UndefinedError, TypeError) as error:
        raise PipelineError(
            f"a figure of metrics/ is missing or no number ({error}); `dvc repro` makes it again"
        ) from None
    files.write_text(arguments.output, page)


def _is_evaluated(experiment: str, dataset: str) -> bool:
    needed = [paths.metrics(experiment), paths.predictions(experiment), paths.raw(dataset)]
    return all(path.exists() for path in needed)


if __name__ == "__main__":
    cli.run(main)
