"""A full disk, under any of the folders that are written to."""

from pathlib import Path

from tests import aftermath, mounts, tiny

import pytest

pytestmark = [pytest.mark.fault, mounts.needs_mounts]

FULL = "No space left on device"
PLACES = {  # the folder on the full disk, the bytes left, and the file that does not fit
    "fetch": ("data/raw", 0, "data/raw/tiny.parquet"),
    "split": ("data/split", 0, "data/split/tiny/train.parquet"),
    "split (second file)": ("data/split", 70_000, "data/split/tiny/test.parquet"),
    "binarize": ("data/labels", 0, "data/labels/five-sgd/test.parquet"),
    "train (model)": ("models", 0, "models/five-sgd.joblib"),
    "train (folds)": ("data/crossval", 0, "data/crossval/five-sgd.parquet"),
    "evaluate (predictions)": ("data/predictions", 0, "data/predictions/five-sgd.parquet"),
    "evaluate (plots)": ("plots", 0, "plots/five-sgd/figures.csv"),
    "evaluate (metrics)": ("metrics", 0, "metrics/five-sgd.json"),
}


@pytest.mark.parametrize("place", aftermath.slow_except(["split"], PLACES))
def test_a_full_disk_under_a_stage_s_outputs_is_one_line_that_names_the_file(
    made: Path, project: Path, place: str
) -> None:
    folder, room, file = PLACES[place]
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
