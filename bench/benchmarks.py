"""Measure how fast the pipeline is, and against what, and write the tables of docs/bench/benchmarks.md.

Without a part's name, all of them, in an hour and a half; each rewrites its own section of the page alone. Keep
the machine quiet meanwhile. Where MNIST's servers cannot be reached, set DATA_MIRROR.
"""

from pathlib import Path

from bench import against_plain, against_tutorials, measuring, seeds

PAGE = Path("docs", "bench", "benchmarks.md")
PARTS = {"tutorials": against_tutorials.tables, "seeds": seeds.tables, "plain": against_plain.tables}

if __name__ == "__main__":
    measuring.main(__doc__, PAGE, PARTS)
