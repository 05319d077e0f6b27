"""Measure how often `digits compare --seeds 5` calls two fits of one model a difference, and what it can find.

Fits `five-sgd`, whose accuracy varies by a point from seed to seed, as ten people with ten seeds would, and compares
each with each; then the same against a change of its features. Writes the table of docs/plots.md. Needs MNIST's split
(`make repro`); takes five minutes.
"""

from itertools import combinations
from pathlib import Path

from bench import measuring
from digits.results import refits
from digits.support import parameters
from digits.support.parameters import Parameters

PAGE = Path("docs", "plots.md")
NAME = "five-sgd"
PEOPLE, SEEDS = 10, 5


def lines(folder: Path, quick: bool) -> list[str]:
    """Return the table, of three people and two seeds if `quick`."""
    values = parameters.load().values
    block = values["experiments"][NAME]
    people, seeds = (3, 2) if quick else (PEOPLE, SEEDS)

    def fit(seed: int, **changes: object) -> refits.Vector:
        measuring.log(f"{NAME}, seed {seed}, {changes}")
        experiments = {**values["experiments"], NAME: {**block, **changes}}
        return refits.accuracies(NAME, Parameters({**values, "seed": seed, "experiments": experiments}), seeds)

    same = [fit(seed) for seed in range(people)]
    other = fit(people, features="normalized")
    rows = []
    for what, pairs in (
        ("the same block", [*combinations(same, 2)]),
        ("other features", [(each, other) for each in same]),
    ):
        changes = [refits.compare(*pair) for pair in pairs]
        gains = sorted(100 * (each.after - each.before) for each in changes)
        margins = sorted(50 * (each.high - each.low) for each in changes)
        called = sum(each.p < 0.05 for each in changes)
        rows.append(
            [what, len(pairs), called, f"{gains[0]:+.2f} to {gains[-1]:+.2f}", f"{margins[len(margins) // 2]:.2f}"]
        )
    header = ["", "pairs", "called a difference", "change, points", "would have shown, median"]
    return measuring.table(header, rows)


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"refits": lines})
