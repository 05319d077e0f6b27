"""Check all of params.yaml before any work: every value, and that every name leads somewhere.

Says nothing when all is well. On the first fault: one line, exit status 2.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from digits import sources
from digits.common import cli, parameters
from digits.common.errors import ParameterError
from digits.common.parameters import FILE, Dataset, Experiment, Parameters, Search
from digits.learning import registry
from tools.search import grid_points


def check(params: Parameters) -> None:
    """Check the content of params.yaml: the blocks, the modules that they name, and every classifier's parameters.

    Raises:
        ParameterError: something is wrong; the first fault is named.
    """
    params.check()
    for name, dataset in params.blocks(Dataset).items():
        with _naming(f"datasets.{name}."):
            for source in dataset.sources:
                for kind in source:
                    sources.require_source(kind)
    experiments = params.blocks(Experiment)
    for name, experiment in experiments.items():
        with _naming(f"experiments.{name}: "):
            registry.build(experiment, params.seed)
    for name, search in params.blocks(Search).items():
        with _naming(f"searches.{name}."):
            grid_points(search, experiments[name], params.seed)


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Say in an error's line which block of the file it is about."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(f"{FILE}: {where}{error}") from None


def main() -> None:
    """Read and check."""
    cli.parser(__doc__, "").parse_args()
    check(parameters.load())


if __name__ == "__main__":
    cli.run(main)
