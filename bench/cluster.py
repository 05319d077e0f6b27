"""Measure what a Dask cluster of two workers on this machine costs, and write the table of docs/cluster.md.

Trains every experiment that is cross-validated on MNIST, by turns in this machine's threads and on the workers, in a
copy of the project. Takes ten minutes. Where MNIST's servers cannot be reached, set DATA_MIRROR.
"""

import hashlib
import tempfile
from pathlib import Path

from bench import measuring
from digits.support import cli
from digits.support.parallel import ADDRESS

import numpy as np
import numpy.typing as npt
from distributed import LocalCluster

PAGE = Path("docs", "cluster.md")
ROUNDS = 3
PRELOAD = ["digits.common.cluster"]
Seconds = npt.NDArray[np.float64]  # shape (rounds, 2): in threads, on the cluster
KEEP = dict.fromkeys(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"], "268435456")  # as `make workers` has it


def train(project: Path, name: str, address: str) -> tuple[Seconds, bool]:
    """Train an experiment by turns in threads and on the cluster; tell also whether the bytes are the same."""
    outputs = [project / "models" / f"{name}.joblib", project / "data" / "crossval" / f"{name}.parquet"]
    seconds = []
    digests = set()
    for environment in ({}, {ADDRESS: address}) * ROUNDS:
        measuring.log(f"{name}, {'cluster' if environment else 'threads'}")
        seconds.append(measuring.python(project, "-m", "stages.train", name, environment=environment).seconds)
        digests.add(tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in outputs))
    return np.array(seconds).reshape(ROUNDS, 2), len(digests) == 1


def cells(seconds: Seconds) -> list[str]:
    """Return the medians over the rounds of both, and of their ratio."""
    threads, cluster = np.median(seconds, axis=0)
    return [f"{threads:.1f}", f"{cluster:.1f}", f"{np.median(seconds[:, 1] / seconds[:, 0]):.2f} ×"]


def main() -> None:
    """Measure, print, write."""
    cli.parser(__doc__, "").parse_args()
    blocks = measuring.parameters(Path())["experiments"]
    names = [name for name, block in blocks.items() if block["split"] == "mnist" and block["folds"]]
    with tempfile.TemporaryDirectory() as folder:
        project = measuring.cold(Path(folder, "project"))
        measuring.dvc(project, "repro", *(f"binarize@{name}" for name in names))
        with LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, preload=PRELOAD, env=KEEP
        ) as cluster:
            measured = {name: train(project, name, cluster.scheduler_address) for name in names}
    rows = [[f"`{name}`", *cells(each), "the same" if same else "others"] for name, (each, same) in measured.items()]
    rows.append(["**all of them**", *cells(np.sum([each for each, _ in measured.values()], axis=0)), ""])
    header = ["train, with its folds", "two threads, s", "two workers, s", "workers ÷ threads", "bytes"]
    measuring.publish(PAGE, "cluster", [*measuring.table(header, rows), "", measuring.machine()])


if __name__ == "__main__":
    cli.run(main)
