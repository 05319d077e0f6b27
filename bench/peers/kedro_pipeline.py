"""The same DAG for Kedro: each stage's `main` as a node, all in one process, with the same files read and written.

Kedro has no cache: every run does everything.
"""

import sys
from functools import partial
from importlib import import_module

from bench.peers.dag import Stage, stages
from digits.support import cli

from kedro.io import DataCatalog  # type: ignore[import-not-found,unused-ignore]
from kedro.pipeline import Node, Pipeline  # type: ignore[import-not-found,unused-ignore]
from kedro.runner import SequentialRunner  # type: ignore[import-not-found,unused-ignore]


def run(stage: Stage, *_: object) -> list[str]:
    """Run a stage as its command would, and return the paths of its outputs, which stand for the files."""
    sys.argv = [stage.kind, stage.name]
    import_module(f"stages.{stage.kind}").main()
    return stage.outputs


def main() -> None:
    """Run it all."""
    cli.parser(__doc__).parse_args()
    nodes = [
        Node(partial(run, stage), stage.inputs or None, stage.outputs, name=f"{stage.kind}-{stage.name}")
        for stage in stages()
    ]
    SequentialRunner().run(Pipeline(nodes), DataCatalog())


if __name__ == "__main__":
    cli.run(main)
