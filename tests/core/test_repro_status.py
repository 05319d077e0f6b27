"""`python -m digits.repro` records no stage that failed, and none that depends on it."""

from pathlib import Path

import pytest

from tests.core.test_repro_anywhere import make, repro, write
from tests.helpers import tiny

# DVC leaves files open, which Python warns of when it frees them.
pytestmark = pytest.mark.filterwarnings("ignore")

# The first of three stages ends with the status in the file `status`, after it has written its
# output. The third stage has a dependency of its own, so it is out of date whatever the second
# one does.
CHAIN = {
    "a.txt": "1",
    "d.txt": "1",
    "status": "0",
    "dvc.yaml": """
        stages:
          first: {cmd: cp a.txt b.txt && exit $(cat status), deps: [a.txt], outs: [b.txt]}
          second: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
          third: {cmd: cat c.txt d.txt > e.txt, deps: [c.txt, d.txt], outs: [e.txt]}
    """,
}


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """Return a project whose three stages have run, before two files were edited."""
    folder = make(tmp_path, CHAIN)
    repro(folder)
    write(folder, {"a.txt": "2", "d.txt": "2"})
    return folder


def test_a_stage_that_fails_after_it_has_written_its_outputs_is_not_recorded(
    chain: Path,
) -> None:
    before = tiny.lock(chain)["first"]
    write(chain, {"status": "1"})
    assert "first: ended with status 1\n" in repro(chain, status=1)
    assert (chain / "b.txt").read_text() == "2"
    assert tiny.lock(chain)["first"] == before
    assert repro(chain, "--dry") == "first\nsecond\nthird\n"


def test_no_stage_behind_a_failed_one_runs_on_old_files(chain: Path) -> None:
    before = tiny.lock(chain)
    write(chain, {"status": "1"})
    output = repro(chain, status=1)
    assert "1 of 3 stages failed, and 2 that depend on them did not run" in output
    assert (chain / "e.txt").read_text() == "11"
    assert tiny.lock(chain) == before

    write(chain, {"status": "0"})
    repro(chain)
    assert (chain / "e.txt").read_text() == "22"
