"""DVC's cache shared through an S3 server: what a colleague gets, what stays secret, and a broken file."""

import os
import re
import shutil
from pathlib import Path

from tests import processes, tiny

import pytest

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OWN = Path(".dvc", "config.local")


def clone(project: Path) -> Path:
    """Clone a project into a folder beside it."""
    tiny.run(["git", "clone", "--quiet", str(project), "../colleague"], project)
    return project.parent / "colleague"


@pytest.mark.skipif(shutil.which("rclone") is None, reason="needs rclone: `make venv`")
def test_a_clone_pulls_everything_from_s3_and_runs_nothing(
    made: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "buckets" / "digits").mkdir(parents=True)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):  # not the access that the user has elsewhere
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    serve = f"rclone serve s3 --addr 127.0.0.1:0 --auth-key {KEY},{SECRET} buckets"
    with processes.started(serve, tmp_path, RCLONE_CONFIG=os.devnull) as server:
        [address] = re.findall(r"http://127\.0\.0\.1:\d+", server.wait_for_line("http://127.0.0.1:"))
        for name, value in {"url": "s3://digits/cache", "endpointurl": address, "region": "us-east-1"}.items():
            tiny.run(["dvc", "remote", "modify", "shared", name, value], project)
        tiny.commit(project, "the team's remote")
        for name, value in {"access_key_id": KEY, "secret_access_key": SECRET}.items():
            tiny.run(["dvc", "remote", "modify", "--local", "shared", name, value], project)
        pushed = tiny.run("dvc push -v", project)
        colleague = clone(project)
        shutil.copy(project / OWN, colleague / OWN)
        tiny.run("digits pushed", colleague)
        tiny.run("dvc pull", colleague)
    assert tiny.files(colleague) == tiny.files(made)
    assert tiny.repro(colleague) == []
    assert tiny.git_status(colleague) == ""

    contents = [path.read_bytes() for path in project.rglob("*") if path.is_file() and path != project / OWN]
    for secret in (KEY, SECRET):  # is nowhere but in the user's own configuration
        assert secret not in pushed.stdout + pushed.stderr
        assert not any(secret.encode() in content for content in contents)
