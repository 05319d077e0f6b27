"""A full disk under any of the folders that are written to, and a read-only checkout: on a CD, a colleague's share."""

from pathlib import Path

from tests import aftermath, mounts, tiny

import pytest

pytestmark = [pytest.mark.fault, mounts.needs_mounts]

FULL = "No space left on device"
PLACES = {  # the folder on the full disk, the file that still fits, and the one that does not
    "fetch": ("data/raw", None, "data/raw/tiny.parquet"),
    "split": ("data/split", None, "data/split/tiny/train.parquet"),
    "split (second file)": ("data/split", "data/split/tiny/train.parquet", "data/split/tiny/test.parquet"),
    "binarize": ("data/labels", None, "data/labels/five-sgd/train.parquet"),
    "train (model)": ("models", None, "models/five-sgd.skops"),
    "train (folds)": ("data/crossval", None, "data/crossval/five-sgd.parquet"),
    "evaluate (predictions)": ("data/predictions", None, "data/predictions/five-sgd.parquet"),
    "evaluate (plots)": ("plots", None, "plots/five-sgd/figures.csv"),
    "evaluate (metrics)": ("metrics", None, "metrics/five-sgd.json"),
}


@pytest.mark.parametrize("place", aftermath.slow_except(["split"], PLACES))
def test_a_full_disk_under_a_stage_s_outputs_is_one_line_that_names_the_file(
    made: Path, project: Path, place: str
) -> None:
    folder, fits, file = PLACES[place]
    room = (made / fits).stat().st_size + 2 * mounts.PAGE if fits else 0
    (stage,) = [stage for stage in aftermath.STAGES if stage.startswith(place.split()[0])]
    aftermath.forget(project, made, stage)
    with mounts.full_disk(project / folder, room) as make_room:
        lines = tiny.run(["dvc", "repro", "--force", "--single-item", stage], project, status=255).stderr.splitlines()
        assert lines[0] == f"{stage.partition('@')[0]}: error: {file} cannot be written: {FULL}"
        assert lines[1].startswith(f"ERROR: failed to reproduce '{stage}'")
        assert len(lines) == 2
        assert not list(project.glob("**/.*.part"))
        aftermath.nothing_is_half_written(project, made)
        make_room()
        aftermath.all_is_well(project, made)


WRITTEN_FIRST = {
    "stages.fetch tiny": "data/raw/tiny.parquet",
    "stages.split tiny": "data/split/tiny/train.parquet",
    "stages.binarize five-sgd": "data/labels/five-sgd/train.parquet",
    "stages.train five-sgd": "models/five-sgd.skops",
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


def test_prune_says_what_it_cannot_delete(project: Path) -> None:
    (project / "models/.old.skops.part").touch()
    with mounts.read_only(project):
        line = tiny.failure("digits prune --delete", project)
    assert line == "prune: error: models/.old.skops.part belongs to nothing in params.yaml, and cannot be deleted"
