"""docs/extending.md, as a stranger follows it: its examples, in a copy of the tiny project, and no edit besides."""

import json
import re
from pathlib import Path

from tests import tiny

import numpy as np
import pytest
import yaml

PAGE = (tiny.ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```\w+\n *# (\S.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
METRICS = "digits/evaluation/metrics.py"


@pytest.mark.slow
def test_the_page_s_examples(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(project))  # the copy's own library, not the one that is installed
    modules = {name: code for name, code in BLOCKS.items() if re.match("digits/(features|sources)/", name)}
    for name, code in modules.items():
        (project / name).write_text(code, encoding="utf-8")
    [features] = (Path(name).stem for name in modules if "features" in name)
    [(name, block)] = yaml.safe_load(BLOCKS["params.yaml, in `experiments`"]).items()
    added = yaml.safe_load(BLOCKS["params.yaml"])
    changes = {f"{section}.mine": added[section]["mine"] for section in ("datasets", "splits", "tasks")}
    tiny.edit(project, {**changes, f"experiments.{name}": block | {"task": "mine", "features": features}})
    pixels, labels = tiny.digits()
    images = np.pad(pixels.reshape(-1, *tiny.SHAPE), ((0, 0), (10, 10), (10, 10)))
    np.savez(project / "data/mine.npz", images=images, labels=labels)
    tiny.run("dvc add data/mine.npz", project)

    tiny.run("digits pin mine", project)
    tiny.run("digits check", project)
    ran = ["binarize@mine", f"evaluate@{name}", "fetch@mine", "split@mine", f"train@{name}"]
    assert tiny.repro(project) == ran
    measured = json.loads((project / f"metrics/{name}.json").read_text())
    assert min(measured["accuracy"], measured["cv_accuracy"]) > measured["baseline"] + 0.2
    added_files = tiny.run("git status --porcelain -uall -- digits stages data dvc.yaml", project).stdout.splitlines()
    assert {line[3:] for line in added_files} == {*modules, "data/mine.npz.dvc"}

    entry = BLOCKS[f"{METRICS}: in METRICS"].replace("key=", 'heading="as the page says", key=')
    text = (project / METRICS).read_text(encoding="utf-8")
    new = text.replace("METRICS = [\n", f"{BLOCKS[f'{METRICS}: above METRICS']}\n\nMETRICS = [\n    {entry}")
    (project / METRICS).write_text(new, encoding="utf-8")
    names = [*tiny.params()["experiments"], name]
    assert tiny.repro(project) == sorted(f"evaluate@{each}" for each in names)
    for each in names:
        value = json.loads((project / f"metrics/{each}.json").read_text())["balanced_accuracy"]
        assert f"test,balanced_accuracy,all,{value}" in (project / f"plots/{each}/figures.csv").read_text()
    assert "as the page says" in tiny.run("digits leaderboard", project).stdout
