"""Measure what a Dask cluster of two workers on this machine costs, and write the table of docs/cluster.md.

Trains every experiment that is cross-validated on MNIST, by turns in this machine's threads and on the workers. The
data must have been made (`make repro`). Takes ten minutes. Run from the repository: python -m bench.cluster
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench import measuring
from digits.common import cli
from digits.common.cli import PipelineError

PAGE = Path("docs", "cluster.md")
ROUNDS = 3
PATIENCE = 60  # seconds, for the scheduler to start


@contextmanager
def dask(said: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of Dask's programs, what it says in a file, until the block ends, however it ends."""
    with (
        said.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            env={**os.environ, "PYTHONPATH": ".", **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start a scheduler and two workers as `make scheduler` and `make workers` do, and give the scheduler's address.

    Raises:
        PipelineError: the scheduler does not start; the end of what it said is quoted.
    """
    file, said = folder / "scheduler.json", folder / "scheduler.txt"
    own = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    two = ["--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1"]
    with dask(said, "scheduler", "--preload", "digits.common.workers", *own) as scheduler:
        latest = time.monotonic() + PATIENCE
        while not (file.exists() and file.read_text().endswith("}")):
            if scheduler.poll() is not None or time.monotonic() > latest:
                words = " ".join(said.read_text(errors="replace").split())
                raise PipelineError(f"the scheduler does not start: …{words[-600:]}")
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        keep = dict.fromkeys(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"], "268435456")
        environment = {"DASK_SCHEDULER_ADDRESS": address, **keep}
        with dask(folder / "workers.txt", "worker", "--preload", "digits.common.workers", *two, **environment):
            time.sleep(10)  # their start is not measured
            yield address


def compared(seconds: dict[str, list[float]]) -> list[str]:
    """Return the medians of the rounds, and the median of what each round has as their ratio."""
    ratio = median(b / a for a, b in zip(*seconds.values(), strict=True))
    return [*(f"{median(each):.1f}" for each in seconds.values()), f"{ratio:.2f} ×"]


def main() -> None:
    """Measure, print, write."""
    cli.parser(__doc__, "-m bench.cluster").parse_args()
    blocks = measuring.parameters(Path())["experiments"]
    names = [name for name, block in blocks.items() if block["split"] == "mnist" and block["folds"]]
    rows = []
    totals = {"threads": [0.0] * ROUNDS, "cluster": [0.0] * ROUNDS}
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder)) as address:
        for name in names:
            split, task = blocks[name]["split"], blocks[name]["task"]
            made = [Path(folder, name), Path(folder, f"{name}.parquet")]
            command = ["-m", "stages.train", name, f"data/split/{split}/train.parquet", f"data/labels/{split}/{task}"]
            seconds: dict[str, list[float]] = {"threads": [], "cluster": []}
            digests = set()
            for i in range(ROUNDS):
                for where, environment in (("threads", {}), ("cluster", {"DASK_SCHEDULER_ADDRESS": address})):
                    measuring.say(f"{name}, {where}")
                    run = measuring.run(Path(), sys.executable, *command, *map(str, made), environment=environment)
                    seconds[where].append(run.seconds)
                    totals[where][i] += run.seconds
                    digests.add(tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in made))
            rows.append([f"`{name}`", *compared(seconds), "the same" if len(digests) == 1 else "others"])
    rows.append(["**all of them**", *compared(totals), ""])
    header = ["train, with its folds", "two threads, s", "two workers, s", "workers ÷ threads", "bytes"]
    lines = [*measuring.table(header, rows), "", measuring.machine()]
    print("\n".join(lines))
    measuring.put(PAGE, "cluster", lines)


if __name__ == "__main__":
    cli.run(main)
