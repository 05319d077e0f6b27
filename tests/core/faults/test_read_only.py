"""A read-only checkout: on a CD, a snapshot, a colleague's share."""

from pathlib import Path

from tests import aftermath, mounts, tiny

import pytest

pytestmark = [pytest.mark.fault, mounts.needs_mounts]

WRITTEN_FIRST = {
    "stages.fetch tiny": "data/raw/tiny.parquet",
    "stages.split tiny": "data/split/tiny/train.parquet",
    "stages.binarize five-sgd": "data/labels/five-sgd/train.parquet",
    "stages.train five-sgd": "models/five-sgd.joblib",
    "stages.evaluate five-sgd": "data/predictions/five-sgd.parquet",
}
READING_COMMANDS = {  # and a word that each then prints
    "check": "",
    "leaderboard": "five-sgd",
    "show tiny --describe": "400",
    "show tiny --mistakes digit-logreg": ", predicted ",
    "prune": "",
}


@pytest.mark.parametrize("command", aftermath.slow_except(["stages.split tiny"], WRITTEN_FIRST))
def test_in_a_read_only_checkout_the_file_is_named_in_one_line(made: Path, project: Path, command: str) -> None:
    with mounts.read_only(project):
        line = tiny.failure(f"python -m {command}", project)
    name = command.split()[0].partition(".")[2]
    assert line == f"{name}: error: {WRITTEN_FIRST[command]} cannot be written: Read-only file system"
    aftermath.is_as_before(project, made)


@pytest.mark.parametrize("command", aftermath.slow_except(["leaderboard"], READING_COMMANDS))
def test_a_command_that_only_reads_works_in_a_read_only_checkout(project: Path, command: str) -> None:
    with mounts.read_only(project):
        assert READING_COMMANDS[command] in tiny.run(f"digits {command}", project).stdout
