"""DVC's cache shared by the commands of docs/sharing.md: a folder beside the clone, S3."""

import os
import re
import shutil
from pathlib import Path

from tests import tiny
from tests.calls import call
from tests.processes import Running

import pytest

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OWN = Path(".dvc", "config.local")
PAGE = (tiny.ROOT / "docs" / "sharing.md").read_text(encoding="utf-8")


def documented(start: str, values: dict[str, str]) -> list[str]:
    """Return the commands of the page's part that begins so, with other values in place of the page's."""
    [block] = re.findall(rf"^{start}.+?```console\n(.+?)```", PAGE, re.MULTILINE | re.DOTALL)
    for old, new in values.items():
        assert old in block
        block = block.replace(old, new)
    return [line.removeprefix("$ ") for line in block.splitlines()]


def share(made: Path, project: Path, commands: list[str]) -> None:
    for command in commands:
        if command.startswith("dvc "):
            tiny.run_dvc(command.removeprefix("dvc "), project)
        else:
            tiny.run(["bash", "-c", command], project)
    assert tiny.run("git status --porcelain", project).stdout == ""
    colleague = project.parent / "colleague"
    tiny.run("git clone --quiet copy colleague", project.parent)
    if (project / OWN).exists():
        shutil.copy(project / OWN, colleague / OWN)
    tiny.run_dvc("pull", colleague)
    assert tiny.files(colleague) == tiny.files(made)
    assert tiny.repro(colleague) == []


def test_what_is_pushed_beside_the_clone_a_colleague_pulls_and_runs_nothing(made: Path, project: Path) -> None:
    share(made, project, ["dvc push"])


def test_the_default_remote_is_beside_the_clone_unless_somebody_says_otherwise(project: Path, tmp_path: Path) -> None:
    def url(clone: Path) -> str:
        call(clone, "setup")
        return "".join(re.findall("url = (.+)", (clone / OWN).read_text()))

    tiny.run(["git", "worktree", "add", "--quiet", str(tmp_path / "tree")], project)
    assert [url(each) for each in (project, project, tmp_path / "tree")] == [str(tmp_path / "digits-remote")] * 3
    tiny.run_dvc("push --all-branches", project / "stages")  # DVC would resolve a relative one from /
    assert (tmp_path / "digits-remote/files/md5").exists()
    (project / OWN).write_text("['remote \"shared\"']\nurl = /own\n")
    assert url(project) == "/own"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("rclone") is None, reason="needs rclone: `make venv`")
def test_a_clone_pulls_everything_from_s3(made: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.parent / "buckets" / "digits").mkdir(parents=True)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):  # not the access that the user has elsewhere
        monkeypatch.setenv(name, str(project / "nothing"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    serve = f"rclone serve s3 --addr 127.0.0.1:0 --auth-key {KEY},{SECRET} buckets"
    with Running(serve, project.parent, RCLONE_CONFIG=os.devnull) as server:
        [address] = re.findall(r"http://127\.0\.0\.1:\d+", server.wait_for_line("http://127.0.0.1:"))
        access = {"access_key_id …": f"access_key_id {KEY}", "secret_access_key …": f"secret_access_key {SECRET}"}
        settings = documented(r"\*\*S3", {"https://s3.example.org": address, **access})
        *add, commit = documented(r"\*\*A team's remote", {"PLACE": "s3://digits/cache"})
        share(made, project, ["digits setup", *add, *settings, commit, "dvc push"])
    assert SECRET.encode() not in b"".join(tiny.files(project).values()) + (project / ".dvc/config").read_bytes()
