"""DVC's cache shared through real remotes: what a colleague gets, what stays secret, and what can go wrong."""

import re
import shutil
from pathlib import Path

from tests import aftermath, remotes, tiny

import pytest

KINDS = {"s3": remotes.s3, "ssh": remotes.ssh}
OWN = Path(".dvc", "config.local")


def clone(project: Path, name: str) -> Path:
    """Clone a project into the folder beside it, with access to its remote."""
    colleague = project.parent / name
    tiny.run(["git", "clone", "--quiet", str(project), str(colleague)], project)
    if (project / OWN).exists():
        shutil.copy(project / OWN, colleague / OWN)
    return colleague


@pytest.mark.parametrize("kind", aftermath.slow_except(["s3"], KINDS))
def test_a_clone_pulls_everything_and_runs_nothing(made: Path, project: Path, tmp_path: Path, kind: str) -> None:
    with KINDS[kind](tmp_path / "server") as remote:
        remotes.use(project, remote)
        pushed = tiny.run("dvc push -v", project)
        colleague = clone(project, "colleague")
        tiny.run("digits pushed --content", colleague)
        tiny.run("dvc pull", colleague)
    assert tiny.files(colleague) == tiny.files(made)
    assert tiny.repro(colleague) == []
    assert tiny.git_status(colleague) == ""

    commits = tiny.run("git rev-list --all", project).stdout.split()
    contents = [path.read_bytes() for path in project.rglob("*") if path.is_file() and path != project / OWN]
    for secret in remote.secrets:  # is nowhere but in the user's own configuration
        assert secret not in pushed.stdout + pushed.stderr
        assert not any(secret.encode() in content for content in contents)
        tiny.run(["git", "grep", "--fixed-strings", "-e", secret, *commits], project, status=1)


@pytest.mark.fault
@pytest.mark.slow
def test_a_broken_file_in_the_remote_is_refused_and_replaced(project: Path, made: Path) -> None:
    tiny.run("dvc push", project)
    paths = ["data/split/tiny/train.parquet", "models/five-sgd.joblib"]
    for path in paths:
        content = bytearray((project / path).read_bytes())
        content[len(content) // 2] ^= 1
        file = tiny.stored(project, path, "../digits-remote")
        file.chmod(0o644)
        file.write_bytes(content)
        file.chmod(0o444)

    colleague = clone(project, "colleague")
    errors = tiny.run("dvc pull", colleague, status=1).stderr
    refused = errors.split("Checkout failed for following targets:\n")[1].split("Is your cache")[0].split()
    assert sorted(refused) == paths
    right = tiny.files(made)
    assert {name: right[name] for name in tiny.files(colleague)} == tiny.files(colleague)
    assert tiny.repro(colleague) == ["split@tiny", "train@five-sgd"]
    assert tiny.files(colleague) == right

    errors = tiny.run("digits pushed --content", project, status=1).stderr
    broken = re.findall(r"pushed: (\S+) is broken in the remote; delete (.+), then `dvc push`", errors)
    assert sorted(path for path, _ in broken) == paths
    for _, place in broken:
        tiny.run(["rm", "-f", place], project)
    tiny.run("dvc push", project)
    assert tiny.run("digits pushed --content", project).stderr == ""
