"""What other projects take from this one, with the commands of docs/sharing.md: data, and models by name."""

import re
import shutil
from pathlib import Path

from tests import tiny

import pytest
import yaml

PAGE = (tiny.ROOT / "docs" / "sharing.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Take data or a model from here\n")[2].partition("\n## ")[0]
REMOTE = "registry-remote"  # not as the default is called: for a stranger that is /digits-remote, which may be there
IN_THE_TINY_PROJECT = {"raw/digits.": "raw/tiny."}


def documented(start: str, url: str) -> list[str]:
    """Return the page's commands that begin so, for the tiny project at a URL."""
    text = SECTION.replace("URL", url)
    for theirs, ours in IN_THE_TINY_PROJECT.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    found = re.findall(rf"^\$ ({start} .+)$", text, re.MULTILINE)
    assert found
    return found


@pytest.fixture(scope="module")
def origin(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny project with a `digit-champion`, pushed to a bare repository and to a folder beside it."""
    place = tmp_path_factory.mktemp("registry")
    project = Path(shutil.copytree(made, place / "tiny", symlinks=True))
    values = tiny.params()
    values["experiments"]["digit-champion"] = tiny.experiment("tiny", "digit", "raw", "dummy.DummyClassifier", 0)
    tiny.write_params(project, values)
    tiny.repro(project, "train@digit-champion")
    tiny.run(["dvc", "remote", "modify", "shared", "url", f"../{REMOTE}"], project)
    tiny.commit(project, "a champion")
    tiny.run(["dvc", "push"], project)
    tiny.run(["git", "clone", "--quiet", "--bare", str(project), "bare.git"], place)
    tiny.run(["git", "remote", "add", "origin", "../bare.git"], project)
    return project


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """Return another project, which has Git and DVC, and nothing of this one."""
    project = tmp_path / "stranger"
    project.mkdir()
    tiny.run(["git", "init", "--quiet"], project)
    tiny.run(["dvc", "init", "--quiet"], project)
    return project


def test_data_and_models_are_taken_by_name_and_version(origin: Path, stranger: Path) -> None:
    url, remote = f"file://{origin.parent}/bare.git", origin.parent / REMOTE
    (get,) = documented("dvc get", url)
    assert "No storage files available" in tiny.run(get.split(), stranger, status=255).stderr  # a relative remote
    tiny.run([*get.split(), "--remote-config", f"url={remote}"], stranger)
    assert (stranger / "tiny.parquet").read_bytes() == (origin / "data/raw/tiny.parquet").read_bytes()

    for command in documented("(?:gto|git)", url):
        tiny.run(command.split(), origin)
    for command in documented("dvc artifacts get", url):
        tiny.run([*command.split(), "--remote-config", f"url={remote}"], stranger)
    model = (origin / "models" / "digit-champion.joblib").read_bytes()
    assert [path.read_bytes() == model for path in sorted(stranger.glob("*.joblib"))] == [True] * 2


def test_every_artifact_is_the_model_of_an_experiment() -> None:
    artifacts = yaml.safe_load((tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8")).get("artifacts", {})
    experiments = yaml.safe_load((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"))["experiments"]
    assert {name: block["path"] for name, block in artifacts.items()} == {
        name: f"models/{name}.joblib" for name in experiments.keys() & artifacts.keys()
    }
