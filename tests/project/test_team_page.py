"""The commands on the page docs/team.md about sharing do in the tiny project what the page says."""

import hashlib
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from digits.core import paths
from tests.helpers import pages, servers, tiny
from tests.helpers.processes import needs_rclone

# The commands of a page take minutes on a busy machine.
pytestmark = pytest.mark.timeout(1800)

PAGE = "docs/team.md"
FIVE = "models.five-sgd.hyperparameters.max_iter"

# The names on the page, and what the tiny project has in their place.
REPLACED = {
    "make repro": "digits repro",  # the tiny project has no Makefile
    "data/raw/small.parquet": "data/raw/tiny.parquet",
    "data/raw/mnist.parquet": "data/split/tiny/train.parquet",
    "mnist.parquet": "train.parquet",
    "small-digit-svc": "five-sgd",
    "small-even-knn": "five-sgd",
}


def read_section(title: str, **values: str) -> str:
    """Return a section of the page, without sections inside it, as if about the tiny project.

    The values replace the placeholders of the page, such as `URL`.
    """
    section, _, _ = pages.read_section(PAGE, title).partition("\n### ")
    for old, new in {**REPLACED, **values}.items():
        section = section.replace(old, new)
    return section


def run(title: str, folder: Path, **values: str) -> None:
    """Run the commands of a section, but for those that create or activate an environment."""
    steps = pages.read_steps(read_section(title, **values))
    skipped = ("make ", "source ")
    pages.run([step for step in steps if not step.command.startswith(skipped)], folder)


def clone(project: Path, name: str) -> Path:
    """Clone a project into a folder beside it."""
    tiny.run(["git", "clone", "--quiet", str(project), name], project.parent)
    return project.parent / name


def test_the_stage_on_the_page_is_that_of_dvc_yaml() -> None:
    text = (tiny.ROOT / PAGE).read_text(encoding="utf-8")
    lines, steps = re.findall("```yaml\n(.+?)```", text, re.DOTALL)
    stages = (tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines.splitlines() if line not in stages]
    workflow = (tiny.ROOT / "template/.github/workflows/ci.yml").read_text(encoding="utf-8")
    *_, test, pull, diff = yaml.safe_load(workflow + steps)["jobs"]["test"]["steps"]
    assert test["run"] == "make test"
    assert pull["env"].keys() == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert diff["run"].startswith(".venv/bin/dvc metrics diff --md origin/main")


@pytest.mark.slow
def test_a_colleague_gets_results_and_shares_a_change(made: Path, project: Path) -> None:
    run("How DVC decides what to run", project)
    tiny.run_dvc("push --all-commits", project)
    run("Check that everything is shared", project)
    run("Get a colleague's results", project.parent, REPOSITORY_URL=str(project))
    colleague = project.parent / "colleague"
    assert tiny.files(colleague) == tiny.files(made)

    tiny.run("git switch --quiet --create change", colleague)
    tiny.run("git config push.autoSetupRemote true", colleague)
    tiny.edit(colleague, {FIVE: 5})
    run("Share your results", colleague)
    assert tiny.run("git status --porcelain", colleague).stdout == ""
    other = clone(project, "other")
    tiny.run("git switch --quiet change", other)
    tiny.run_dvc("pull", other)
    assert tiny.repro(other) == []
    assert tiny.files(other) == tiny.files(colleague)


@pytest.mark.slow
def test_a_changed_stage_pulls_its_inputs_into_a_new_clone(project: Path) -> None:
    tiny.run_dvc("push", project)
    colleague = clone(project, "colleague")
    tiny.edit(colleague, {FIVE: 5})
    [command] = [
        command.removeprefix("dvc ")
        for command in pages.read_table(read_section("Use DVC's commands"), "dvc")
        if "--pull" in command
    ]
    without = tiny.run_dvc(command.replace("--pull ", ""), colleague, status=255)
    assert "[Errno 2] No such file or directory" in without
    assert tiny.find_stages(tiny.run_dvc(command, colleague)) == [
        "evaluate@five-sgd",
        "train@five-sgd",
    ]


def publish(project: Path, place: str, *settings: pages.Step) -> None:
    """Give a project a Git repository to push to, and a remote of the team with all files.

    The settings are commands that set what this kind of remote needs at its place.
    """
    tiny.run("git init --quiet --bare -b main origin", project.parent)
    tiny.run(["git", "remote", "add", "origin", str(project.parent / "origin")], project)
    tiny.run("git config push.autoSetupRemote true", project)
    add, verify, *share = pages.read_steps(read_section("Set up a remote", URL=place))
    pages.run([add, verify, *settings, *share], project)


@pytest.mark.slow
@needs_rclone
def test_a_clone_pulls_everything_from_s3(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The keys that the user has for other servers are not used.
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with servers.serve_s3(tmp_path / "buckets") as address:
        values = {"KEY_ID": servers.KEY_ID, "SECRET_KEY": servers.SECRET_KEY}
        values |= {"URL": "s3://digits/cache", "https://s3.example.org": address}
        publish(project, values["URL"], *pages.read_steps(read_section("Use S3", **values)))
        colleague = clone(project, "colleague")
        shutil.copy(project / ".dvc/config.local", colleague / ".dvc/config.local")
        tiny.run_dvc("pull", colleague)
        assert tiny.repro(colleague) == []
        # A commit that does not have the remote.
        tiny.run("git switch --quiet --detach HEAD~1", project)
        tiny.run_dvc("status", project)
    committed = b"".join(tiny.files(project).values())
    assert servers.SECRET_KEY.encode() not in committed + (project / ".dvc/config").read_bytes()


@pytest.mark.slow
def test_other_projects_use_data(project: Path, tmp_path: Path) -> None:
    remote = str(tmp_path / "remote")
    publish(project, remote)
    other = tmp_path / "other"
    other.mkdir()
    tiny.run("git init --quiet", other)
    tiny.run("dvc init --quiet", other)
    section = read_section(
        "Use data and models in other projects",
        REPOSITORY_URL=f"file://{project}",
        ADDRESS=remote,
    )
    [options] = re.findall(r"`(--remote other .+?)`", section.replace("\n", " "))
    commands = re.sub(r"^(\$ dvc (?:get|import) .*)$", rf"\1 {options}", section, flags=re.M)
    pages.run(pages.read_steps(commands), other)
    original = pd.read_parquet(project / "data/raw/tiny.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(other / "tiny.parquet"), original)


@pytest.mark.slow
def test_damaged_files_are_found(project: Path) -> None:
    section = pages.read_section("docs/troubleshooting.md", "Verify the data and the cache")
    status, find_damaged, find_path = pages.read_steps(section)
    pages.run([status, find_damaged], project)
    output = next(project.glob(f"{paths.model('*')}"))
    checksum = hashlib.md5(output.read_bytes(), usedforsecurity=False).hexdigest()
    damaged = project / f".dvc/cache/files/md5/{checksum[:2]}/{checksum[2:]}"
    damaged.chmod(0o644)
    damaged.write_bytes(b"damaged")
    printed = tiny.run(["bash", "-c", find_damaged.command], project, status=1).stdout
    assert damaged.relative_to(project).as_posix() in printed
    command = find_path.command.replace("ab12", checksum)
    printed = tiny.run(["bash", "-c", command], project).stdout
    assert printed.startswith(f"    - path: {output.relative_to(project).as_posix()}\n")
