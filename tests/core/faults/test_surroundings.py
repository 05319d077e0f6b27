"""Surroundings that a program may not expect: other folders, links, variables, languages, times."""

import shutil
from pathlib import Path

from tests import aftermath, tiny

import pytest

pytestmark = pytest.mark.fault

ODD = "a folder's näme with 数字 & $HOME; in it"
SURROUNDINGS = {
    "umask 077": "umask 077",
    "no HOME": "unset HOME",
    "LANG=C": "unset LC_ALL LC_CTYPE PYTHONUTF8 PYTHONIOENCODING; export LANG=C",
    "LC_ALL=C": "unset PYTHONUTF8 PYTHONIOENCODING; export LC_ALL=C",
    "an encoding without letters": "export PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 LC_ALL=POSIX",
    "TMPDIR that does not exist": "export TMPDIR=/nowhere",
    "nearly no environment": 'exec env -i PATH="$PATH" dvc repro',
    "another hash seed": "export PYTHONHASHSEED=12345",
    "threads set by hand": "export OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=3",
    "the cache a link to another folder": "mkdir ../cache && ln -s ../../cache .dvc/cache",
    "outputs as symbolic links": "dvc config --local cache.type symlink",
    "outputs as hard links": "dvc config --local cache.type hardlink",
    ODD: "",
}
LINKED = ["the cache a link to another folder", "outputs as symbolic links"]
SURROUNDINGS["many at once"] = "; ".join(
    SURROUNDINGS[name] for name in ["umask 077", "no HOME", "TMPDIR that does not exist", *LINKED, "LC_ALL=C"]
)


@pytest.mark.parametrize("surroundings", aftermath.slow_except(["many at once"], SURROUNDINGS))
def test_odd_surroundings_and_one_core_change_no_byte(made: Path, tmp_path: Path, surroundings: str) -> None:
    project = tmp_path / (ODD if surroundings in {ODD, "many at once"} else "clone")
    tiny.run(["git", "clone", "--quiet", str(made), str(project)], tmp_path)
    tiny.run(["sh", "-euc", f"{SURROUNDINGS[surroundings] or ':'}; exec dvc repro"], project, one_core=True)
    aftermath.all_is_well(project, made)
    if surroundings == "many at once":
        assert (project / "models/five-sgd.skops").is_symlink()
        assert len(list((tmp_path / "cache/files/md5").glob("*/*"))) > 5


def test_the_leaderboard_is_printed_without_its_lines_where_the_encoding_has_none(project: Path) -> None:
    script = f"{SURROUNDINGS['an encoding without letters']}; exec digits leaderboard"
    assert "five-sgd" in tiny.run(["sh", "-euc", script], project).stdout


@pytest.mark.parametrize("kind", aftermath.slow_except(["symlink"], ["symlink", "hardlink"]))
def test_a_stage_run_by_hand_does_not_write_through_a_link_into_the_cache(made: Path, project: Path, kind: str) -> None:
    tiny.run(f"dvc config --local cache.type {kind}", project)
    tiny.run("dvc checkout --relink", project)
    output = project / "data/split/tiny/train.parquet"
    before = output.read_bytes()
    assert output.is_symlink() or output.stat().st_nlink == 2
    tiny.edit(project, {"seed": 43})
    tiny.run("python -m stages.split tiny", project)
    assert output.read_bytes() != before
    assert aftermath.broken_objects(project) == []
    tiny.edit(project, {})
    aftermath.all_is_well(project, made)


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime (apt install faketime)")
@pytest.mark.parametrize("year", aftermath.slow_except(["2001"], ["2001", "2040"]))
def test_the_time_of_a_run_changes_no_byte(made: Path, project: Path, year: str) -> None:
    for stage in ("split@tiny", "train@five-sgd", "evaluate@five-sgd"):
        aftermath.forget(project, made, stage)
    printed = tiny.run(["faketime", f"{year}-02-03 04:05:06", "dvc", "repro"], project).stdout
    assert "Running stage 'train@five-sgd'" in printed
    assert tiny.repro(project) == []  # at the right time again
    aftermath.is_as_before(project, made)
