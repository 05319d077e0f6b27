"""Compare the accuracy of each tutorial as written with its experiment's, over ten seeds, paired by seed.

One fit takes up to two minutes, all of them about three quarters of an hour on two cores. The images must be in
`data/raw/` (`dvc repro fetch@mnist fetch@digits`).
"""

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

from bench import measuring
from digits.support import cli

SEEDS = range(10)
T = 2.2622  # the 97.5 % quantile of Student's t distribution of nine degrees of freedom, one less than there are seeds
ONE_CORE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

# The tutorial, its experiment here, and the features it is fitted with; None for the experiment's own.
ROWS: list[tuple[str, str, str | None]] = [
    ("first_zero_or_one", "digits-zero-or-one-svc", None),
    ("second_two_detector", "two-logreg", None),
    ("third_ten_classes, hinge", "digit-sgd-hinge", None),
    ("third_ten_classes, hinge", "digit-sgd-hinge", "raw_sparse"),
    ("third_ten_classes, log", "digit-sgd-log", None),
    ("fourth_random_split", "random-digit-sgd", None),
    ("fourth_random_split", "random-digit-sgd", "raw_sparse"),
    ("fifth_five_detector", "five-sgd", None),
]
HEADER = ["tutorial", "features", "as written, %", "s.d.", "here, %", "s.d.", "difference", "95 % interval", "seeds"]


class Fit(NamedTuple):
    """One fit; without features it is the tutorial's as written."""

    experiment: str
    features: str | None
    seed: int


def accuracies(fits: Sequence[Fit], results: Path) -> dict[Fit, float]:
    """Return each fit's accuracy in percent: from the file of results, or fitted now and appended to it."""
    lines = results.read_text().splitlines() if results.exists() else []
    known = {Fit(*fit): value for fit, value in map(json.loads, lines)}
    missing = [fit for fit in fits if fit not in known]
    with results.open("a") as file, ThreadPoolExecutor(2) as two:
        for fit, value in zip(missing, two.map(fitted, missing), strict=True):
            known[fit] = value
            print(json.dumps([fit, value]), file=file, flush=True)
    return known


def fitted(fit: Fit) -> float:
    """Fit in a process of its own, on one core."""
    measuring.log(f"{fit.experiment}, {fit.features or 'as written'}, seed {fit.seed}")
    command = ["-m", "bench.seed", fit.experiment, str(fit.seed), *([fit.features] if fit.features else [])]
    return 100 * float(measuring.python(Path(), *command, environment=ONE_CORE).output.splitlines()[-1])


def row(written: list[float], here: list[float]) -> list[str]:
    """Return means, standard deviations, the mean of the paired differences with its interval, and who is ahead."""
    differences = [b - a for a, b in zip(written, here, strict=True)]
    mean, margin = fmean(differences), T * stdev(differences) / math.sqrt(len(differences))
    interval = f"{mean - margin:+.2f} to {mean + margin:+.2f}" if margin > 1e-9 else "all equal"
    cells = [f"{figure(each):.2f}" for each in (written, here) for figure in (fmean, stdev)]
    ahead = [sum(sign * difference > 0 for difference in differences) for sign in (1, -1)]
    return [*cells, f"{mean:+.2f}", interval, f"{ahead[0]} : {ahead[1]}"]


def lines(results: Path, chosen: Sequence[tuple[str, str, str | None]]) -> list[str]:
    """Make the fits that are missing, and return the table."""
    blocks = measuring.parameters(Path())["experiments"]
    rows = [(tutorial, name, features or blocks[name]["features"]) for tutorial, name, features in chosen]
    fits = dict.fromkeys(Fit(name, each, seed) for seed in SEEDS for _, name, mine in rows for each in (None, mine))
    known = accuracies(list(fits), results)
    pairs = [[[known[Fit(name, each, seed)] for seed in SEEDS] for each in (None, mine)] for _, name, mine in rows]
    return measuring.table(HEADER, [[r[0], r[2], *row(*pair)] for r, pair in zip(rows, pairs, strict=True)])


def tables(folder: Path, quick: bool) -> list[str]:
    """Compare all, or the first tutorial alone."""
    return lines(folder / "seeds.jsonl", ROWS[:1] if quick else ROWS)


def main() -> None:
    """Make the fits that the file of results lacks, print, write."""
    parser = cli.parser(__doc__)
    parser.add_argument("--results", type=Path, required=True, metavar="FILE", help="of an interrupted run; it goes on")
    table = lines(parser.parse_args().results, ROWS)
    measuring.publish(measuring.PAGE, "seeds", [*table, "", measuring.machine()])


if __name__ == "__main__":
    cli.run(main)
