"""Git's merge driver for dvc.lock."""

import contextlib
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from dvc_parallel.merge_lock import main, merge

LOCK = "schema: '2.0'\nstages:\n  a: {cmd: x}\n"


@pytest.mark.parametrize("empty", ["", "schema: '2.0'\nstages:\n"])
def test_a_lock_without_stages_is_merged(tmp_path: Path, empty: str) -> None:
    (tmp_path / "base").write_text(empty)
    (tmp_path / "ours").write_text(empty)
    (tmp_path / "theirs").write_text(LOCK)
    command = [sys.executable, "-m", "dvc_parallel.merge_lock", "base", "ours", "theirs"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert yaml.safe_load((tmp_path / "ours").read_text())["stages"] == {"a": {"cmd": "x"}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("base", f"{LOCK}datasets: []\n"),
        ("ours", LOCK.replace("2.0", "3.0")),
        ("theirs", "stages: {}\n"),  # without the version of the schema
        ("base", "schema: '2.0'\nstages: 7\n"),
        ("ours", "- a\n"),
        ("theirs", "7\n"),
    ],
)
def test_what_is_not_known_is_not_merged(tmp_path: Path, name: str, content: str) -> None:
    files = {"base": LOCK, "ours": LOCK, "theirs": LOCK, name: content}
    for side, text in files.items():
        (tmp_path / side).write_text(text)
    with contextlib.chdir(tmp_path):
        done = CliRunner().invoke(main, ["base", "ours", "theirs"])
    assert done.exit_code == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: dvc.lock cannot be merged: {name} has other content than ")
    # Git reports a conflict, and keeps our side.
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files


def test_a_merged_lock_has_what_both_sides_agree_on() -> None:
    for base, ours, theirs in product([None, 0, 1, 2], repeat=3):
        locks = [{} if entry is None else {"a": entry} for entry in (base, ours, theirs)]
        changed = [entry for entry in (ours, theirs) if entry != base]
        expected = changed[0] if changed else base
        if len(set(changed)) > 1:  # in different ways
            expected = None
        assert merge(*locks).get("a") == expected
