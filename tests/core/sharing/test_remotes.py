"""DVC's cache is shared in a folder beside the clone."""

import re
from pathlib import Path

import pytest

from digits.core import paths
from tests.helpers import tiny
from tests.helpers.calls import call, failure

LOCAL_CONFIG = Path(".dvc", "config.local")


def test_a_colleague_pulls_what_was_pushed_and_runs_nothing(made: Path, project: Path) -> None:
    tiny.run_dvc("push", project)
    assert tiny.run("git status --porcelain", project).stdout == ""
    colleague = project.parent / "colleague"
    tiny.run("git clone --quiet copy colleague", project.parent)
    tiny.run_dvc("pull", colleague)
    assert tiny.files(colleague) == tiny.files(made)
    assert tiny.repro(colleague) == []


@pytest.mark.variant
def test_a_file_that_was_changed_on_the_remote_is_not_pulled(project: Path) -> None:
    model = paths.model("five-sgd")
    tiny.run_dvc(f"push {model}", project)
    [file] = (project.parent / "digits-remote/files/md5").glob("*/*")
    file.chmod(0o644)
    file.write_bytes(b"changed")
    file.chmod(0o444)  # DVC trusts such a file, unless the remote has the setting `verify`
    colleague = project.parent / "colleague"
    tiny.run("git clone --quiet copy colleague", project.parent)
    tiny.run_dvc(f"pull {model}", colleague, status=1)
    assert not (colleague / model).exists()


def test_the_lines_for_git_are_written_once_and_below_one_s_own(project: Path) -> None:
    attributes = project / ".git/info/attributes"
    attributes.write_text("*.ipynb -diff", encoding="utf-8")  # without the end of the line
    call(project, "setup")
    lines = attributes.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["*.ipynb -diff", "/dvc.lock merge=dvc-lock"]
    call(project, "setup")
    assert attributes.read_text(encoding="utf-8").splitlines() == lines


def test_an_archive_of_the_project_needs_no_setup(tmp_path: Path) -> None:
    line = "there is no Git repository, so Git's merges were not configured\n"
    assert call(tmp_path, "setup").output == line
    assert list(tmp_path.iterdir()) == []


def set_up(clone: Path) -> str:
    """Set a clone up, and return the address of the remote in its own configuration."""
    call(clone, "setup")
    text = (clone / LOCAL_CONFIG).read_text(encoding="utf-8")
    return "".join(re.findall("url = (.+)", text))


COMMANDS = ["setup", "start", "check", "repro", "compare HEAD", "experiments five-sgd"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_repository_of_another_user_is_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    # Git's own tests use this variable. It then takes any folder for that of another user.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    line = failure(project, *command.split())
    assert line.startswith("Error: fatal: detected dubious ownership in repository")
    assert "git config --global --add safe.directory" in line


def test_the_default_remote_is_beside_the_clone(project: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tiny.run(["git", "worktree", "add", "--quiet", str(tree)], project)
    remote = str(tmp_path / "digits-remote")
    assert set_up(project) == remote
    assert set_up(project) == remote  # a second call changes nothing
    assert set_up(tree) == remote
    # With a relative address, DVC would push to another folder here.
    tiny.run_dvc("push --all-branches", project / "stages")
    assert (tmp_path / "digits-remote/files/md5").exists()


def test_the_path_of_a_clone_may_have_umlauts(project: Path) -> None:
    clone = project.rename(project.parent / "Übung, #1")
    (clone.parent / "ä").mkdir()
    clone = clone.rename(clone.parent / "ä" / clone.name)
    call(clone, "setup")
    assert "/ä/digits-remote" in tiny.run_dvc("config --local remote.shared.url", clone)


def test_an_own_address_of_the_default_remote_stays(project: Path) -> None:
    config = "['remote \"shared\"']\nurl = s3://bucket/own\n"
    (project / LOCAL_CONFIG).write_text(config, encoding="utf-8")
    assert set_up(project) == "s3://bucket/own"


def test_without_a_default_remote_no_address_is_written(project: Path) -> None:
    tiny.run_dvc("remote default --unset", project)
    call(project, "setup")
    assert not (project / LOCAL_CONFIG).exists()
