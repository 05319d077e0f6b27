"""The steps of GitHub's workflows fail when a command in them fails."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers import tiny
from tests.helpers.processes import Running, find_address, needs_rclone

WORKFLOWS = sorted((tiny.ROOT / ".github/workflows").glob("*.yml"))

# How GitHub starts a step of `shell: bash`.
SHELL = "bash --noprofile --norc -eo pipefail"

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def read_workflow(name: str) -> dict[str, Any]:
    """Return the content of a workflow."""
    text = (tiny.ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8")
    workflow: dict[str, Any] = yaml.safe_load(text)
    return workflow


def run_step(project: Path, name: str, status: int) -> str:
    """Run a step of the job `lock` in a project as GitHub does, and return what it prints."""
    steps = read_workflow("ci")["jobs"]["lock"]["steps"]
    [script] = [step["run"] for step in steps if step.get("name") == name]
    (project / "step.sh").write_text(script, encoding="utf-8")
    done = tiny.run(f"{SHELL} step.sh", project, status=status)
    return done.stdout + done.stderr


CHECK_REMOTE = "The remote has all that dvc.lock names"
SECTIONS = ["Metrics", "Parameters", "Predictions", "Charts"]
COMPLETE = "The remote has all files that dvc.lock names.\n"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_failure_on_the_left_of_a_pipe_fails_each_step(path: Path) -> None:
    # With `shell: bash`, GitHub adds `-o pipefail`, but not to its default shell.
    assert read_workflow(path.stem)["defaults"] == {"run": {"shell": "bash"}}


@pytest.mark.slow
def test_a_remote_that_lacks_a_file_fails_the_check(project: Path) -> None:
    tiny.run_dvc("push", project)
    assert run_step(project, CHECK_REMOTE, 0) == COMPLETE
    lost = tiny.lock(project)["train@five-sgd"]["outs"][-1]
    checksum = lost["md5"]
    (project.parent / f"digits-remote/files/md5/{checksum[:2]}/{checksum[2:]}").unlink()
    said = run_step(project, CHECK_REMOTE, 1)
    assert f"        {lost['path']}\n" in said
    assert "Run `dvc push`" in said
    assert COMPLETE not in said


def test_a_remote_that_cannot_be_read_fails_the_check(project: Path) -> None:
    tiny.replace(project / ".dvc/config", "url = .*", "url = nosuch://server")
    said = run_step(project, CHECK_REMOTE, 251)
    assert "Unsupported URL type nosuch://" in said
    assert COMPLETE not in said


@pytest.fixture
def bucket(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Serve an empty bucket as S3, the remote of the project. The keys are in the environment."""
    # The keys that the user has for other servers are not used.
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    (tmp_path / "buckets" / "digits").mkdir(parents=True)
    serve = f"rclone serve s3 --addr 127.0.0.1:0 --auth-key {KEY},{SECRET} buckets"
    with Running(serve, tmp_path, RCLONE_CONFIG="/dev/null") as server:
        tiny.run("dvc remote add --default team s3://digits/cache", project)
        tiny.run(f"dvc remote modify team endpointurl {find_address(server)}", project)
        tiny.run("dvc remote modify team region us-east-1", project)
        tiny.commit(project, "the remote of the team")
        yield server


@pytest.mark.slow
@needs_rclone
def test_a_bucket_that_cannot_be_read_fails_the_check(
    project: Path, bucket: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Not in remote:" in run_step(project, CHECK_REMOTE, 1)
    tiny.run("dvc push", project)
    assert run_step(project, CHECK_REMOTE, 0) == COMPLETE

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    said = run_step(project, CHECK_REMOTE, 255)
    assert "The request signature we calculated does not match" in said
    assert COMPLETE not in said

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    bucket.kill()
    bucket.wait()
    assert COMPLETE not in run_step(project, CHECK_REMOTE, 255)


@pytest.mark.slow
def test_the_changes_of_a_pull_request_are_not_told_if_dvc_fails(project: Path) -> None:
    tiny.run("git switch --quiet --create change", project)
    tiny.edit(project, {"models.five-sgd.folds": 4})
    tiny.commit(project, "change")
    told = tiny.run(".ci/changes main", project).stdout
    assert re.findall("^### (.+)", told, re.MULTILINE) == SECTIONS
    assert "models.five-sgd.folds" in told
    (project / "dvc.yaml").write_text("stages: 1", encoding="utf-8")
    done = tiny.run(".ci/changes main", project, status=255)
    assert "None." not in done.stdout
    assert "dvc.yaml" in done.stderr
