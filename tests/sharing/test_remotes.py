"""DVC's cache shared through real remotes: what a colleague gets, what stays secret, and what can go wrong."""

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import remotes, tiny

KINDS = {"folder": remotes.folder, "s3": remotes.s3, "ssh": remotes.ssh}
OWN = Path(".dvc", "config.local")


@dataclasses.dataclass(frozen=True)
class Shared:
    """A project whose cache has been pushed, by whom its `dvc push -v` talked to, and all that it said."""

    project: Path
    remote: remotes.Remote
    said: str


@pytest.fixture(scope="module", params=KINDS)
def shared(request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Push the made project's cache to a remote of each kind."""
    place = tmp_path_factory.mktemp(request.param)
    project = Path(shutil.copytree(made, place / "mine", symlinks=True))
    with KINDS[request.param](place / "server") as remote:
        remotes.use(project, remote)
        done = tiny.run(["dvc", "push", "-v"], project)
        yield Shared(project, remote, done.stdout + done.stderr)


def clone(project: Path, name: str) -> Path:
    """Clone a project into the folder beside it, with access to its remote."""
    colleague = project.parent / name
    tiny.run(["git", "clone", "--quiet", str(project), str(colleague)], project)
    if (project / OWN).exists():
        shutil.copy(project / OWN, colleague / OWN)
    return colleague


def pull_all(project: Path) -> None:
    """Delete DVC's cache and all that it kept, and pull."""
    tiny.run(["rm", "-rf", ".dvc/cache", "data", "models", "report.html"], project)
    tiny.run(["dvc", "pull"], project)


def test_a_clone_pulls_everything_and_runs_nothing(shared: Shared, made: Path) -> None:
    colleague = clone(shared.project, "colleague")
    tiny.run(["python", "-m", "tools.pushed", "--content"], colleague)
    tiny.run(["dvc", "pull"], colleague)
    assert tiny.files(colleague) == tiny.files(made)
    assert tiny.repro(colleague) == []
    assert tiny.run(["git", "status", "--porcelain"], colleague).stdout == ""


def test_what_was_lost_is_pulled_again(shared: Shared, made: Path) -> None:
    pull_all(shared.project)
    assert tiny.files(shared.project) == tiny.files(made)


@pytest.mark.parametrize("shared", ["s3", "ssh"], indirect=True)
def test_a_secret_is_nowhere_but_in_the_own_configuration(shared: Shared) -> None:
    project = shared.project
    commits = tiny.run(["git", "rev-list", "--all"], project).stdout.split()
    read = [path for path in project.rglob("*") if path.is_file() and path != project / OWN]
    for secret in shared.remote.secrets:
        assert secret not in shared.said
        assert [path for path in read if secret.encode() in path.read_bytes()] == []
        tiny.run(["git", "grep", "--fixed-strings", "-e", secret, *commits], project, status=1)


def test_what_a_colleague_has_trained_is_not_trained_again(made: Path, tmp_path: Path) -> None:
    ann = Path(shutil.copytree(made, tmp_path / "ann", symlinks=True))
    tiny.run(["dvc", "push"], ann)
    values = tiny.params()
    values["experiments"]["five-sgd"]["hyperparameters"]["alpha"] = 0.01
    tiny.write_params(ann, values)
    assert tiny.repro(ann, "train@five-sgd") == ["train@five-sgd"]
    tiny.run(["dvc", "push", "--run-cache"], ann)

    ben = clone(ann, "ben")
    tiny.run(["dvc", "pull", "--run-cache"], ben)
    assert tiny.files(ben) == tiny.files(made)
    tiny.write_params(ben, values)
    said = tiny.run(["dvc", "repro", "--pull", "train@five-sgd"], ben).stdout
    assert "Stage 'train@five-sgd' is cached - skipping run" in said
    assert "Running stage" not in said
    assert tiny.files(ben) == tiny.files(ann)


def stored(place: Path) -> dict[str, Path]:
    """Return the files that a cache or a remote keeps, by their MD5; what a broken connection leaves has a dot."""
    return {path.parent.name + path.name: path for path in place.glob("files/md5/*/[!.]*")}


@pytest.mark.fault
@pytest.mark.parametrize("shared", ["s3", pytest.param("ssh", marks=pytest.mark.slow)], indirect=True)
def test_a_push_that_loses_its_remote_is_completed_by_the_next(shared: Shared, made: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(shared.project, tmp_path / "mine", symlinks=True))
    url, server = shared.remote.settings["url"], shared.project.parent / "server"
    another = {"endpointurl": shared.remote.settings.get("endpointurl", ""), "url": url.replace("/cache", "/another")}

    def use(port: int) -> None:
        for name, value in another.items():
            if value:
                command = ["dvc", "remote", "modify", "--local", "shared", name]
                tiny.run([*command, value.replace(str(shared.remote.port), str(port))], project)

    with remotes.cable(shared.remote.port, allowed=300_000) as cable:
        use(cable.port)
        said = tiny.run(["dvc", "push"], project, status=1, AWS_MAX_ATTEMPTS="1").stderr
        assert cable.torn
    assert re.search(r"ERROR: failed to push data to the cloud - \d+ files failed to upload", said)
    (arrived,) = server.glob("**/another")
    assert 0 < len(stored(arrived)) < len(stored(project / ".dvc" / "cache"))

    use(shared.remote.port)
    said = tiny.run(["python", "-m", "tools.pushed"], project, status=1).stderr
    assert re.fullmatch(r"pushed: s.*/another lacks .*; `dvc push` where they were made\n", said)
    tiny.run(["dvc", "push"], project)
    pull_all(project)
    assert tiny.files(project) == tiny.files(made)


def flip_a_bit(path: Path) -> None:
    """Change one bit in the middle of a file, behind the back of its permissions and times."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(before.st_mode)


@pytest.mark.fault
def test_a_broken_file_in_the_remote_is_refused_and_replaced(project: Path, made: Path) -> None:
    tiny.run(["dvc", "push"], project)
    kept = stored(project.parent / "digits-remote")
    lock = yaml.safe_load((project / "dvc.lock").read_text())["stages"]
    model = lock["train@five-sgd"]["outs"][1]["md5"]
    images = lock["train@five-sgd"]["deps"][1]["md5"]  # one file of the folder data/split/tiny
    for md5 in (model, images):
        flip_a_bit(kept[md5])

    colleague = clone(project, "colleague")
    said = tiny.run(["dvc", "pull"], colleague, status=1).stderr
    refused = said.split("Checkout failed for following targets:\n")[1].split("Is your cache")[0].split()
    assert sorted(refused) == ["data/split/tiny", "models/five-sgd.joblib"]
    right = tiny.files(made)
    assert {name: right[name] for name in tiny.files(colleague)} == tiny.files(colleague)
    assert tiny.repro(colleague) == ["split@tiny", "train@five-sgd"]
    assert tiny.files(colleague) == right

    told = tiny.run(["python", "-m", "tools.pushed", "--content"], project, status=1).stderr
    broken = re.findall(r"pushed: (\S+) is broken in the remote; delete (.+), then `dvc push`", told)
    assert sorted(path for path, _ in broken) == ["data/split/tiny/train.parquet", "models/five-sgd.joblib"]
    for _, places in broken:
        tiny.run(["rm", "-f", *places.split(" and ")], project)
    tiny.run(["dvc", "push"], project)
    pull_all(project)
    assert tiny.files(project) == right
