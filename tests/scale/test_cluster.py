"""The work on a Dask cluster: a real scheduler and two real workers on the loopback address."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from pathlib import Path

from tests import tiny

import pytest

pytestmark = pytest.mark.slow


@contextmanager
def running(**environment: str) -> Iterator[str]:
    """Start a scheduler and two workers by the room's Makefile's commands, and yield the scheduler's address."""
    text = (
        (tiny.ROOT / "digits/scale/Makefile").read_text().replace("$(HOST)", "127.0.0.1").replace("--nworkers -1", "")
    )
    recipes = dict(re.findall(r"^(scheduler|workers): \$\(INSTALLED\).*\n\t(.+)", text, re.MULTILINE))
    with ExitStack() as stack:

        def start(target: str, pattern: str, *options: str) -> str:
            command = [*recipes[target].split(), *options]
            process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.terminate)
            logs = accumulate(process.stderr or ())
            return next(found[1] for log in logs if (found := re.search(pattern, log)))

        address = start("scheduler", r"Scheduler at: +(\S+)\n", "--port", "0", "--no-dashboard")
        start("workers", "Registered to(?s:.+)Registered to(:)", address, "--nworkers", "2")
        yield address


def test_a_cluster_makes_the_same_bytes(tmp_path: Path) -> None:
    tiny.write_idx_files(tmp_path / "idx")
    tiny.edit(tmp_path, {})
    (tmp_path / "enlarged.yaml").write_text("tiny: {first: 300, to: 15_000, seed: 1}")
    stages = ["digits.scale.fetch tiny", "stages.split tiny", "stages.binarize five", "stages.train five-sgd"]
    for stage in stages:
        tiny.run(f"python -m {stage}", tmp_path)
    alone = tiny.files(tmp_path)
    with running() as address:
        for stage in (stages[0], stages[-1]):
            tiny.run(f"python -m {stage}", tmp_path, DASK_SCHEDULER_ADDRESS=address)
    assert tiny.files(tmp_path) == alone


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    tiny.write_idx_files(tmp_path / "idx")
    tiny.edit(tmp_path, {})
    (tmp_path / "enlarged.yaml").write_text("tiny: {first: 300, to: 400, seed: 1}")
    stage, address = "python -m digits.scale.fetch tiny", "tcp://127.0.0.1:1"
    line = tiny.run(stage, tmp_path, status=1, DASK_SCHEDULER_ADDRESS=address).stderr.splitlines()[-1]
    assert f"no scheduler answers at {address} (" in line
