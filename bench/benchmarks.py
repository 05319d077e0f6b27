"""Measure how fast the pipeline is, and against what, and write the tables of docs/benchmarks.md.

Without a part's name, all of them, which takes about two hours; each rewrites its own section of the page alone. Keep
the machine quiet meanwhile. Where MNIST's servers cannot be reached, set DATA_MIRROR. A part that fails leaves its
section as it is, the others go on, and the exit status is 1.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import against_peers, against_plain, against_tutorials, experiments, fits, measuring, seeds
from digits.support import cli
from digits.support.errors import PipelineError, require_choice

PARTS: dict[str, Callable[[Path, bool], list[str]]] = {
    "tutorials": against_tutorials.tables,
    "seeds": seeds.tables,
    "plain": against_plain.tables,
    "experiments": experiments.tables,
    "peers": against_peers.tables,
    "classifiers": fits.classifiers,
    "rows": fits.rows,
}


def main() -> None:
    """Measure, print, write."""
    parser = cli.parser(__doc__, "tutorials plain")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="try the benchmarks themselves on little; write no page")
    arguments = parser.parse_args()
    for part in arguments.parts:
        require_choice("benchmarks", part, PARTS)
    failed = []
    for part in arguments.parts or PARTS:
        measuring.log(f"== {part}")
        try:
            with tempfile.TemporaryDirectory() as folder:
                lines = PARTS[part](Path(folder).resolve(), arguments.quick)
            measuring.publish(measuring.PAGE, part, [*lines, "", measuring.machine()], write=not arguments.quick)
        except Exception as error:  # the other parts go on
            failed.append(part)
            cli.note(f"{part}: {type(error).__name__}: {error}")
    if failed:
        raise PipelineError(f"not measured: {', '.join(failed)}; those sections of {measuring.PAGE} are as they were")


if __name__ == "__main__":
    cli.run(main)
