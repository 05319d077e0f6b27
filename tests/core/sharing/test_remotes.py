"""DVC's cache is shared as docs/sharing.md says: in a folder beside the clone, and in S3."""

import os
import re
import shutil
from pathlib import Path

from tests import tiny
from tests.calls import call
from tests.processes import Running

import pytest

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
LOCAL_CONFIG = Path(".dvc", "config.local")
PAGE = (tiny.ROOT / "docs/sharing.md").read_text(encoding="utf-8")


def read_commands(start: str, values: dict[str, str]) -> list[str]:
    """Return the commands in the paragraph of the page that begins with a text.

    Args:
        start: a regular expression of the text.
        values: what replaces the values of the page.
    """
    pattern = rf"^{start}.+?```console\n(.+?)```"
    [block] = re.findall(pattern, PAGE, re.MULTILINE | re.DOTALL)
    for old, new in values.items():
        assert old in block
        block = block.replace(old, new)
    return [line.removeprefix("$ ") for line in block.splitlines()]


def share(made: Path, project: Path, commands: list[str]) -> None:
    """Run commands in a project, and check that a clone of it can then pull everything."""
    for command in commands:
        if command.startswith("dvc "):
            tiny.run_dvc(command.removeprefix("dvc "), project)
        else:
            tiny.run(["bash", "-c", command], project)
    assert tiny.run("git status --porcelain", project).stdout == ""

    colleague = project.parent / "colleague"
    tiny.run("git clone --quiet copy colleague", project.parent)
    if (project / LOCAL_CONFIG).exists():
        shutil.copy(project / LOCAL_CONFIG, colleague / LOCAL_CONFIG)
    tiny.run_dvc("pull", colleague)
    assert tiny.files(colleague) == tiny.files(made)
    assert tiny.repro(colleague) == []


def test_a_colleague_pulls_what_was_pushed_and_runs_nothing(made: Path, project: Path) -> None:
    share(made, project, ["dvc push"])


def set_up(clone: Path) -> str:
    """Set a clone up, and return the address of the remote in its own configuration."""
    call(clone, "setup")
    text = (clone / LOCAL_CONFIG).read_text(encoding="utf-8")
    return "".join(re.findall("url = (.+)", text))


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


def test_an_own_address_of_the_default_remote_stays(project: Path) -> None:
    config = "['remote \"shared\"']\nurl = /own\n"
    (project / LOCAL_CONFIG).write_text(config, encoding="utf-8")
    assert set_up(project) == "/own"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("rclone") is None, reason="needs rclone: `make venv`")
def test_a_clone_pulls_everything_from_s3(
    made: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.parent / "buckets" / "digits").mkdir(parents=True)
    # The keys that the user has for other servers are not used.
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
        monkeypatch.setenv(name, str(project / "nothing"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    serve = f"rclone serve s3 --addr 127.0.0.1:0 --auth-key {KEY},{SECRET} buckets"
    with Running(serve, project.parent, RCLONE_CONFIG=os.devnull) as server:
        line = server.wait_for_line("http://127.0.0.1:")
        [address] = re.findall(r"http://127\.0\.0\.1:\d+", line)
        values = {
            "https://s3.example.org": address,
            "access_key_id …": f"access_key_id {KEY}",
            "secret_access_key …": f"secret_access_key {SECRET}",
        }
        settings = read_commands(r"\*\*S3", values)
        place = {"PLACE": "s3://digits/cache"}
        *add_remote, commit = read_commands(r"\*\*A team's remote", place)
        commands = ["digits setup", *add_remote, *settings, commit, "dvc push"]
        share(made, project, commands)
    committed = b"".join(tiny.files(project).values())
    config = (project / ".dvc/config").read_bytes()
    assert SECRET.encode() not in committed + config
