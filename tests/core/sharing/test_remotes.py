"""DVC's cache shared by the commands of docs/sharing.md: a folder beside the clone, a web server, S3 and SSH."""

import os
import re
import shutil
from pathlib import Path

from tests import processes, tiny

import pytest

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OWN = Path(".dvc", "config.local")
REMOTE = "beside-remote"  # not as the default is called: where DVC takes it for /digits-remote, that may be there
PAGE = (tiny.ROOT / "docs" / "sharing.md").read_text(encoding="utf-8")
needs_rclone = pytest.mark.skipif(shutil.which("rclone") is None, reason="needs rclone: `make venv`")


def documented(start: str, values: dict[str, str]) -> list[str]:
    """Return the commands of the page's part that begins so, with other values in place of the page's."""
    (block,) = re.findall(rf"^\*\*{start}.+?```console(.+?)```", PAGE, re.MULTILINE | re.DOTALL)
    for old, new in values.items():
        assert old in block
        block = block.replace(old, new)
    return [line.removeprefix("$ ") for line in block.split("\n") if line]


def a_team_s(place: str, configuration: list[str]) -> list[str]:
    """Return the page's commands for a team's remote at a place."""
    *add, commit = documented("A team's remote", {"PLACE": place})
    return [*add, *configuration, commit]


def clone(project: Path) -> Path:
    """Clone a project into a folder beside it."""
    tiny.run(["git", "clone", "--quiet", str(project), "../colleague"], project)
    return project.parent / "colleague"


def remotes(project: Path) -> str:
    """Set up a clone, and return the URLs that are then in its own configuration."""
    tiny.run("digits setup", project)
    return " ".join(re.findall("url = (.+)", (project / OWN).read_text())) if (project / OWN).exists() else ""


def share(made: Path, project: Path, commands: list[str]) -> str:
    """Share the cache of a set-up clone by a remote, check what a colleague gets, and return what a push prints."""
    tiny.run("digits setup", project)
    for command in commands:
        tiny.run(["bash", "-c", command], project)
    assert tiny.git_status(project) == ""
    pushed = tiny.run("dvc push -v", project)
    colleague = clone(project)
    shutil.copy(project / OWN, colleague / OWN)
    tiny.run("digits pushed", colleague)
    tiny.run("dvc pull", colleague)
    assert tiny.files(colleague) == tiny.files(made)
    assert tiny.repro(colleague) == []
    assert tiny.git_status(colleague) == ""
    assert not (project.parent / "digits-remote").exists()
    return pushed.stdout + pushed.stderr


@pytest.mark.slow
def test_the_default_remote_is_beside_the_clone_unless_somebody_says_otherwise(project: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "digits-remote")
    assert [remotes(project), remotes(project)] == [place, place]

    away = tmp_path / "away"
    tiny.run(["git", "worktree", "add", "--quiet", str(away / "tree")], project)
    tiny.run(["git", "clone", "--quiet", "--bare", str(project), str(tmp_path / "bare.git")], tmp_path)
    tiny.run(["git", "worktree", "add", "--quiet", str(away / "of-bare"), "main"], tmp_path / "bare.git")
    tiny.run(["git", "clone", "--quiet", str(project), str(away / "deeper/clone")], tmp_path)
    trees = [away / "tree", away / "of-bare", away / "deeper/clone"]
    assert [remotes(tree) for tree in trees] == [place, place, str(away / "deeper/digits-remote")]

    (project / OWN).write_text("['remote \"shared\"']\nurl = /own\n")
    assert remotes(project) == "/own"
    (project / OWN).unlink()
    tiny.run("dvc remote modify shared url s3://digits/cache", project)
    assert remotes(project) == ""


@pytest.mark.slow
def test_runs_and_branches_are_pushed_from_any_folder_and_nothing_is_written_elsewhere(
    project: Path, tmp_path: Path
) -> None:
    tiny.run(f"dvc remote modify shared url ../{REMOTE}", project)
    tiny.run("git branch other", project)
    tiny.commit(project, "a remote of our own")
    tiny.run(["git", "clone", "--quiet", "--bare", str(project), str(tmp_path / "bare.git")], tmp_path)
    tiny.run(["git", "remote", "add", "origin", f"file://{tmp_path}/bare.git"], project)
    root = set(Path("/").iterdir())
    tiny.run("digits setup", project)
    tiny.run("dvc exp save --name saved", project)
    tiny.run("dvc exp push origin saved", project / "stages")
    assert tiny.stored(project, "data/raw/tiny.parquet", f"../{REMOTE}").exists()
    tiny.run("dvc push --all-branches", project / "stages")

    tiny.run("git clone --quiet bare.git colleague", tmp_path)
    tiny.run(["git", "remote", "set-url", "origin", f"file://{tmp_path}/bare.git"], tmp_path / "colleague")
    tiny.run("digits setup", tmp_path / "colleague")
    tiny.run("dvc exp pull origin saved", tmp_path / "colleague" / "stages")
    assert tiny.stored(tmp_path / "colleague", "data/raw/tiny.parquet").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"bare.git", "colleague", "copy", REMOTE}
    assert set(Path("/").iterdir()) == root


def test_strangers_pull_from_a_web_server_and_run_nothing(made: Path, project: Path, tmp_path: Path) -> None:
    tiny.run("dvc push", project)
    with processes.web(tmp_path / "digits-remote") as address:
        *commit, pull = documented("A web server", {"https://example.org/digits": address})
        for command in commit:
            tiny.run(["bash", "-c", command], project)
        stranger = clone(project)
        tiny.run(pull, stranger)
        assert tiny.files(stranger) == tiny.files(made)
        assert tiny.repro(stranger) == []


@pytest.mark.slow
@needs_rclone
def test_a_clone_pulls_everything_from_s3_and_runs_nothing(
    made: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "buckets" / "digits").mkdir(parents=True)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):  # not the access that the user has elsewhere
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    serve = f"rclone serve s3 --addr 127.0.0.1:0 --auth-key {KEY},{SECRET} buckets"
    with processes.started(serve, tmp_path, RCLONE_CONFIG=os.devnull) as server:
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", server.wait_for_line("http://127.0.0.1:"))
        access = {"access_key_id …": f"access_key_id {KEY}", "secret_access_key …": f"secret_access_key {SECRET}"}
        settings = documented("S3", {"https://s3.example.org": address, **access})
        printed = share(made, project, a_team_s("s3://digits/cache", settings))

    contents = [path.read_bytes() for path in project.rglob("*") if path.is_file() and path != project / OWN]
    for secret in (KEY, SECRET):  # is nowhere but in the user's own configuration
        assert secret not in printed
        assert not any(secret.encode() in content for content in contents)


@needs_rclone
@pytest.mark.slow
def test_a_clone_pulls_everything_by_ssh_and_runs_nothing(made: Path, project: Path, tmp_path: Path) -> None:
    asyncssh = pytest.importorskip("asyncssh")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    key.write_public_key(tmp_path / "key.pub")
    (tmp_path / "served" / "srv").mkdir(parents=True)
    serve = "rclone serve sftp --addr 127.0.0.1:0 --user ann --authorized-keys key.pub --cache-dir keys served"
    with processes.started(serve, tmp_path, RCLONE_CONFIG=os.devnull) as server:
        (address,) = re.findall(r"127\.0\.0\.1:\d+", server.wait_for_line("listening on 127.0.0.1:"))
        settings = documented("SSH", {"~/.ssh/id_ed25519": str(tmp_path / "key")})
        share(made, project, a_team_s(f"ssh://{address}/srv/digits", settings))
    assert (tmp_path / "served" / "srv" / "digits").is_dir()
