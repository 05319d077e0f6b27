"""What other projects take from this one, with the commands of docs/sharing.md: data, and models by name."""

import re
import sys
from pathlib import Path

from tests import processes, tiny

import pytest
import yaml

PAGE = (tiny.ROOT / "docs" / "sharing.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Use data or a model in another project\n")[2].partition("\n## ")[0]
REMOTE = "registry-remote"  # not as the default is called: for a stranger that is /digits-remote, which may be there
ARTIFACTS = yaml.safe_load((tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8")).get("artifacts", {})
CHAMPION = "digit-champion"


def documented(start: str, url: str) -> list[str]:
    """Return the page's commands that begin so, for the tiny project at a URL."""
    text = SECTION.replace("URL", url).replace("raw/small.", "raw/tiny.")
    found = re.findall(rf"^\$ ({start} .+)$", text, re.MULTILINE)
    assert found
    return found


@pytest.mark.slow
@pytest.mark.skipif(CHAMPION not in ARTIFACTS, reason="of the artifacts that this project has")
def test_data_and_models_are_taken_by_name_and_version(project: Path, tmp_path: Path) -> None:
    champion = tiny.experiment("tiny", "class", "raw", "dummy.DummyClassifier", 0)
    tiny.edit(project, {f"experiments.{CHAMPION}": champion})
    tiny.repro(project, f"train@{CHAMPION}")
    tiny.run(f"dvc remote modify shared url ../{REMOTE}", project)
    tiny.commit(project, "a champion")
    tiny.run("dvc push", project)
    tiny.run(["git", "clone", "--quiet", "--bare", str(project), "bare.git"], tmp_path)
    tiny.run("git remote add origin ../bare.git", project)
    url, (place,) = f"file://{tmp_path}/bare.git", re.findall("`(--remote web .+?)`", SECTION)

    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (get,) = documented("dvc get", url)
    assert "No storage files available" in tiny.run(get, stranger, status=255).stderr  # the remote's path is relative
    tiny.run(f"{get} {place.replace('PLACE', str(tmp_path / REMOTE))}", stranger)
    assert (stranger / "tiny.parquet").read_bytes() == (project / "data/raw/tiny.parquet").read_bytes()
    for command in documented("(?:gto|git)", url):
        tiny.run(command, project)
    with processes.web(tmp_path / REMOTE) as address:
        for command in documented("dvc artifacts get", url):
            tiny.run(f"{command} {place.replace('PLACE', address)}", stranger)
        (program,) = re.findall("```python\n(.+?)```", SECTION, re.DOTALL)
        program = program.replace("PLACE", address).replace("URL", url).replace("raw/small.", "raw/tiny.")
        printed = tiny.run([sys.executable, "-c", f"{program}\nprint(len(frame))"], stranger).stdout
    assert printed == f"{tiny.IMAGES}\n"
    model = (project / f"models/{CHAMPION}.skops").read_bytes()
    assert [path.read_bytes() == model for path in sorted(stranger.glob("*.skops"))] == [True] * 2


def test_every_artifact_is_the_model_of_an_experiment() -> None:
    experiments = yaml.safe_load((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"))["experiments"]
    models = {name: f"models/{name}.skops" for name in experiments}
    assert {name: block["path"] for name, block in ARTIFACTS.items()}.items() <= models.items()
