"""Surroundings that a program may not expect: other folders, links, variables, languages."""

from pathlib import Path

import pytest

from tests import aftermath, tiny

pytestmark = pytest.mark.fault

ODD = "a folder's näme with 数字 & $HOME; in it"
SURROUNDINGS = {
    "umask 077": "umask 077",
    "no HOME": "unset HOME",
    "LANG=C": "unset LC_ALL LC_CTYPE PYTHONUTF8 PYTHONIOENCODING; export LANG=C",
    "LC_ALL=C": "unset PYTHONUTF8 PYTHONIOENCODING; export LC_ALL=C",
    "an encoding without letters": "export PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 LC_ALL=POSIX",
    "TMPDIR that does not exist": "export TMPDIR=/nowhere",
    "nearly no environment": 'set -- env -i PATH="$PATH" "$@"',
    "another hash seed": "export PYTHONHASHSEED=12345",
    "threads set by hand": "export OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=3",
    "the cache a link to another folder": "mkdir ../cache && ln -s ../../cache .dvc/cache",
    "outputs as symbolic links": "dvc config --local cache.type symlink",
    "outputs as hard links": "dvc config --local cache.type hardlink",
}
TOGETHER = [
    "umask 077",
    "no HOME",
    "TMPDIR that does not exist",
    "the cache a link to another folder",
    "outputs as symbolic links",
    "LC_ALL=C",
]


def cloned(made: Path, tmp_path: Path, name: str) -> Path:
    """Clone the made project, without any output and cache."""
    project = tmp_path / name
    tiny.run(["git", "clone", "--quiet", str(made), str(project)], tmp_path)
    return project


def run_in(project: Path, surroundings: list[str], *command: str) -> str:
    """Run a command in such surroundings and return what it says."""
    steps = [*(SURROUNDINGS[name] for name in surroundings), 'exec "$@"']
    return tiny.run(["sh", "-euc", "; ".join(steps), "sh", *command], project).stdout


def test_many_odd_surroundings_at_once_change_no_byte(made: Path, tmp_path: Path) -> None:
    project = cloned(made, tmp_path, ODD)
    assert "Running stage 'report'" in run_in(project, TOGETHER, "dvc", "repro")
    aftermath.all_is_well(project, made)
    assert (project / "models/five-sgd.joblib").is_symlink()
    assert len(list((tmp_path / "cache/files/md5").glob("*/*"))) >= len(aftermath.recorded(project, "report")["outs"])
    assert "five-sgd" in run_in(project, ["an encoding without letters"], "python", "-m", "tools.leaderboard")


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", [*SURROUNDINGS, "a path with spaces and other letters"])
def test_odd_surroundings_change_no_byte(made: Path, tmp_path: Path, surroundings: str) -> None:
    project = cloned(made, tmp_path, "clone" if surroundings in SURROUNDINGS else ODD)
    run_in(project, [surroundings] if surroundings in SURROUNDINGS else [], "dvc", "repro")
    aftermath.all_is_well(project, made)


@pytest.mark.parametrize("kind", ["symlink", pytest.param("hardlink", marks=pytest.mark.slow)])
def test_a_script_run_by_hand_does_not_write_through_a_link_into_the_cache(
    made: Path, project: Path, kind: str
) -> None:
    tiny.run(["dvc", "config", "--local", "cache.type", kind], project)
    tiny.run(["dvc", "checkout", "--relink"], project)
    output = project / "data/split/tiny/train.parquet"
    before = output.read_bytes()
    assert output.is_symlink() or output.stat().st_nlink == 2
    tiny.write_params(project, tiny.params() | {"seed": 43})
    tiny.run(aftermath.recorded(project, "split@tiny")["cmd"].split(), project)
    assert output.read_bytes() != before
    assert aftermath.broken_objects(project) == []
    tiny.write_params(project, tiny.params())
    aftermath.all_is_well(project, made)
