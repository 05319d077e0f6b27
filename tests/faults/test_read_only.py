"""A checkout that nobody may write to: on a CD, a snapshot, a colleague's share."""

from pathlib import Path

import pytest

from tests import aftermath, mounts, tiny

pytestmark = [pytest.mark.fault, mounts.needs_mounts]

READ_ONLY = "Read-only file system"
FIRST = {  # what each stage would write first
    "fetch@tiny": "data/raw/tiny.parquet",
    "split@tiny": "data/split/tiny/train.parquet",
    "binarize@tiny": "data/labels/tiny/digit/train.parquet",
    "train@five-sgd": "models/five-sgd.joblib",
    "evaluate@five-sgd": "data/predictions/five-sgd.parquet",
    "report": "report.html",
}
TOOLS = {  # what only reads, and a word that it then says
    "tools.check": "",
    "tools.leaderboard": "five-sgd",
    "tools.show tiny --describe": "400",
    "tools.show tiny --mistakes digit-logreg": "taken for",
    "tools.predict --row tiny 3": "tiny 3: 3",
    "tools.prune": "",
}


@pytest.mark.parametrize(
    "stage", [pytest.param(stage, marks=() if stage == "split@tiny" else pytest.mark.slow) for stage in FIRST]
)
def test_a_stage_in_a_read_only_checkout_names_the_file_in_one_line(made: Path, project: Path, stage: str) -> None:
    before = tiny.files(project)
    with mounts.read_only(project):
        said = tiny.run(aftermath.recorded(project, stage)["cmd"].split(), project, status=1).stderr
    assert said == f"{stage.partition('@')[0]}: error: {FIRST[stage]} cannot be written: {READ_ONLY}\n"
    assert tiny.files(project) == before
    aftermath.all_is_well(project, made)


def test_dvc_in_a_read_only_checkout_says_so(made: Path, project: Path) -> None:
    with mounts.read_only(project):
        said = tiny.run(["dvc", "repro"], project, status=255).stderr
    assert said.startswith("ERROR: ")
    assert READ_ONLY in said.splitlines()[0]
    aftermath.all_is_well(project, made)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        pytest.param(command, word, id=command, marks=() if "leaderboard" in command else pytest.mark.slow)
        for command, word in TOOLS.items()
    ],
)
def test_a_tool_that_only_reads_works_in_a_read_only_checkout(project: Path, command: str, word: str) -> None:
    with mounts.read_only(project):
        assert word in tiny.run(["python", "-m", *command.split()], project).stdout
