"""A full disk, under any of the folders that are written to."""

import shutil
from pathlib import Path

import pytest

from tests import aftermath, mounts, tiny

pytestmark = [pytest.mark.fault, mounts.needs_mounts]

FULL = "No space left on device"
PLACES = {  # the stage, the folder on the full disk, the bytes left, and the file that does not fit
    "fetch": ("fetch@tiny", "data/raw", 0, "data/raw/tiny.parquet"),
    "split": ("split@tiny", "data/split", 0, "data/split/tiny/train.parquet"),
    "split (second file)": ("split@tiny", "data/split", 70_000, "data/split/tiny/test.parquet"),
    "binarize": ("binarize@tiny", "data/labels", 0, "data/labels/tiny/five/train.parquet"),
    "train (model)": ("train@five-sgd", "models", 0, "models/five-sgd.joblib"),
    "train (folds)": ("train@five-sgd", "data/crossval", 0, "data/crossval/five-sgd.parquet"),
    "evaluate (predictions)": ("evaluate@five-sgd", "data/predictions", 0, "data/predictions/five-sgd.parquet"),
    "evaluate (plots)": ("evaluate@five-sgd", "plots", 0, "plots/five-sgd/confusion.csv"),
    "evaluate (metrics)": ("evaluate@five-sgd", "metrics", 0, "metrics/five-sgd.json"),
    "report": ("report", ".", 50_000, "report.html"),
}


@pytest.mark.parametrize(
    ("stage", "folder", "room", "file"),
    [pytest.param(*case, id=name, marks=() if name == "split" else pytest.mark.slow) for name, case in PLACES.items()],
)
def test_a_full_disk_under_the_outputs_of_a_stage_is_one_line_that_names_the_file(
    made: Path, project: Path, stage: str, folder: str, room: int, file: str
) -> None:
    aftermath.forget(project, stage)
    with mounts.full_disk(project / folder, room) as make_room:
        said = tiny.run(["dvc", "repro", "--force", "--single-item", stage], project, status=255).stderr.splitlines()
        assert said[0] == f"{stage.partition('@')[0]}: error: {file} cannot be written: {FULL}"
        assert said[1].startswith(f"ERROR: failed to reproduce '{stage}'")
        assert len(said) == 2
        assert not list(project.glob("**/.*.part"))
        aftermath.nothing_is_half_written(project, made)
        make_room()
        aftermath.all_is_well(project, made)


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(stage, marks=() if stage == "split@tiny" else pytest.mark.slow)
        for stage in ("fetch@tiny", "split@tiny", "binarize@tiny", "train@five-sgd", "evaluate@five-sgd", "report")
    ],
)
def test_a_full_disk_under_the_cache_is_said_by_dvc_and_the_stage_runs_again(
    made: Path, project: Path, stage: str
) -> None:
    aftermath.forget(project, stage)
    with mounts.full_disk(project / aftermath.CACHE) as make_room:
        said = tiny.run(["dvc", "repro", "--force", "--single-item", stage], project, status=255).stderr
        assert f"ERROR: failed to reproduce '{stage}': [Errno 28] {FULL}" in said
        aftermath.nothing_is_half_written(project, made)
        make_room()
        assert tiny.repro(project) == [stage]
        aftermath.is_as_before(project, made)


@pytest.mark.slow
def test_a_full_disk_that_only_the_list_of_a_folder_misses_is_said_by_dvc_and_made_good(
    made: Path, project: Path
) -> None:
    listing = aftermath.objects(project, "split@tiny")[0]
    assert listing.suffix == ".dir"
    listing.unlink()
    with mounts.full_disk(project / aftermath.CACHE) as make_room:
        # Here DVC ends with 0, as if all were well; but it knows that the list is missing, as the next run shows.
        said = tiny.run(["dvc", "repro", "--force", "--single-item", "split@tiny"], project).stderr
        assert f"ERROR: failed to transfer '{listing.parent.name}{listing.name}'" in said
        assert FULL in said
        make_room()
        assert tiny.repro(project) == ["split@tiny"]
        assert listing.exists()
        aftermath.is_as_before(project, made)


@pytest.mark.slow
def test_a_full_disk_under_the_files_of_dvc_itself_is_said_by_dvc(made: Path, project: Path) -> None:
    aftermath.forget(project, "split@tiny")
    shutil.rmtree(project / ".dvc" / "tmp")
    (project / ".dvc" / "tmp").mkdir()
    with mounts.full_disk(project / ".dvc" / "tmp") as make_room:
        assert FULL in tiny.run(["dvc", "repro"], project, status=255).stderr
        make_room()
        aftermath.all_is_well(project, made)


@pytest.mark.slow
def test_a_full_disk_under_the_index_of_dvc_is_said_by_dvc(made: Path, project: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    aftermath.forget(project, "split@tiny")
    with mounts.full_disk(index) as make_room:
        said = tiny.run(["dvc", "repro"], project, status=255, DVC_SITE_CACHE_DIR=str(index)).stderr
        assert FULL in said or "disk is full" in said
        make_room()
        tiny.run(["dvc", "repro"], project, DVC_SITE_CACHE_DIR=str(index))
    aftermath.all_is_well(project, made)


@pytest.mark.slow
@pytest.mark.parametrize("room", [30, 150, 300, 450, 600], ids="room for {} kB".format)
def test_a_disk_that_holds_the_whole_project_and_fills_up_meanwhile(made: Path, project: Path, room: int) -> None:
    for name in ("data", "models", "report.html", ".dvc/cache", ".dvc/tmp"):
        path = project / name
        path.unlink() if path.is_file() else shutil.rmtree(path)
    with mounts.full_disk(project, 1000 * room) as make_room:
        said = tiny.run(["dvc", "repro"], project, status=255).stderr
        assert FULL in said or "No possible cache link types" in said
        aftermath.nothing_is_half_written(project, made)
        make_room()
        aftermath.all_is_well(project, made)
