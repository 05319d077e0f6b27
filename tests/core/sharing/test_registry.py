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


@pytest.mark.slow
@pytest.mark.skipif(CHAMPION not in ARTIFACTS, reason="of the artifacts that this project has")
def test_data_and_models_are_taken_by_name_and_version(project: Path, tmp_path: Path) -> None:
    tiny.edit(project, {f"experiments.{CHAMPION}": tiny.experiment("five", "raw", "dummy.DummyClassifier", 0)})
    tiny.repro(project, f"train@{CHAMPION}")
    tiny.run(f"dvc remote modify shared url ../{REMOTE}", project)
    tiny.commit(project, "a champion")
    tiny.run("dvc push", project)
    tiny.run(["git", "clone", "--quiet", "--bare", str(project), "bare.git"], tmp_path)
    tiny.run("git remote add origin ../bare.git", project)
    text = SECTION.replace("URL", f"file://{tmp_path}/bare.git").replace("raw/small.", "raw/tiny.")
    get, *take = re.findall(r"^\$ (dvc (?:get|artifacts get) .+)$", text, re.MULTILINE)
    [place] = re.findall("`(--remote web .+?)`", SECTION)
    (stranger := tmp_path / "stranger").mkdir()
    assert "No storage files available" in tiny.run(get, stranger, status=255).stderr  # the remote's path is relative
    tiny.run(f"{get} {place.replace('PLACE', str(tmp_path / REMOTE))}", stranger)
    assert (stranger / "tiny.parquet").read_bytes() == (project / "data/raw/tiny.parquet").read_bytes()
    for command in re.findall(r"^\$ ((?:gto|git) .+)$", text, re.MULTILINE):
        tiny.run(command, project)
    with processes.web(tmp_path / REMOTE) as address:
        for command in take:
            tiny.run(f"{command} {place.replace('PLACE', address)}", stranger)
        [program] = re.findall("```python\n(.+?)```", text.replace("PLACE", address), re.DOTALL)
        assert tiny.run([sys.executable, "-c", f"{program}\nprint(len(frame))"], stranger).stdout == f"{tiny.IMAGES}\n"
    model = (project / f"models/{CHAMPION}.skops").read_bytes()
    assert [path.read_bytes() == model for path in stranger.glob("*.skops")] == [True] * 2


def test_every_artifact_is_the_model_of_an_experiment() -> None:
    experiments = yaml.safe_load((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"))["experiments"]
    models = {name: f"models/{name}.skops" for name in experiments}
    assert {name: block["path"] for name, block in ARTIFACTS.items()}.items() <= models.items()
