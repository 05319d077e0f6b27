"""The work on a Dask cluster: a real scheduler and two real workers on the loopback address."""

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
def running() -> Iterator[str]:
    """Start a scheduler and two workers by the room's Makefile's commands, and yield the scheduler's address."""
    text = (tiny.ROOT / "digits/scale/Makefile").read_text()
    text = text.replace("$(HOST)", "127.0.0.1").replace("--nworkers -1", "")
    recipes = dict(re.findall(r"^(scheduler|workers): \$\(INSTALLED\).*\n\t(.+)", text, re.MULTILINE))
    with ExitStack() as stack:

        def start(target: str, pattern: str, *options: str) -> str:
            command = [*recipes[target].split(), *options]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.terminate)
            logs = accumulate(process.stderr or ())
            return next(found[1] for log in logs if (found := re.search(pattern, log)))

        address = start("scheduler", r"Scheduler at: +(\S+)\n", "--port", "0", "--no-dashboard")
        start("workers", "Registered to(?s:.+)Registered to(:)", address, "--nworkers", "2")
        yield address


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with the tiny dataset, which is to be enlarged."""
    tiny.write_idx_files(tmp_path / "idx")
    tiny.edit(tmp_path, {})
    (tmp_path / "enlarged.yaml").write_text("tiny: {first: 300, to: 15_000, seed: 1}")
    return tmp_path


def test_a_cluster_makes_the_same_bytes(place: Path) -> None:
    stages = ["digits.scale.fetch tiny", "stages.split tiny", "stages.binarize five", "stages.train five-sgd"]
    for stage in stages:
        tiny.run(f"python -m {stage}", place)
    alone = tiny.files(place)
    with running() as address:
        for stage in (stages[0], stages[-1]):
            tiny.run(f"python -m {stage}", place, DASK_SCHEDULER_ADDRESS=address)
    assert tiny.files(place) == alone


def test_a_cluster_that_does_not_answer_is_one_line(place: Path) -> None:
    stage, address = "python -m digits.scale.fetch tiny", "tcp://127.0.0.1:1"
    line = tiny.run(stage, place, status=1, DASK_SCHEDULER_ADDRESS=address).stderr.splitlines()[-1]
    assert f"no scheduler answers at {address} (" in line
