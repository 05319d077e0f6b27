"""docs/extending.md, as a stranger follows it: its examples, in a copy of the tiny project, and no edit besides."""

import json
import re
from pathlib import Path

from tests import tiny

import numpy as np
import pytest
import yaml

PAGE = tiny.ROOT / "docs" / "extending.md"
BLOCKS = dict(
    re.findall(r"^```\w+\n *# (\S.*?)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
)


def digits(command: str, project: Path) -> str:
    """Run `digits` with the copy's own library, not the one that is installed."""
    return tiny.run(f"digits {command}", project, PYTHONPATH=str(project)).stdout


def changed(project: Path) -> set[str]:
    """Return what a stranger has to commit."""
    return {line[3:] for line in tiny.run("git status --porcelain -uall", project).stdout.splitlines()}


def results(project: Path, *names: str) -> set[str]:
    """Return the files in Git that an evaluation of these experiments writes."""
    plots = {str(path.relative_to(project)) for name in names for path in (project / "plots" / name).iterdir()}
    return {"dvc.lock", *(f"metrics/{name}.json" for name in names)} | plots


@pytest.mark.slow
def test_a_classifier_features_and_a_source_are_added_and_then_a_metric(project: Path) -> None:
    modules = {name: code for name, code in BLOCKS.items() if name.startswith(("digits/features/", "digits/sources/"))}
    assert len(modules) == 2
    for name, code in modules.items():
        (project / name).write_text(code, encoding="utf-8")
    (features,) = (Path(name).stem for name in modules if "features" in name)
    ((name, block),) = yaml.safe_load(BLOCKS["params.yaml, in `experiments`"]).items()
    added = yaml.safe_load(BLOCKS["params.yaml"])
    ((dataset, of_dataset),) = added["datasets"].items()
    ((split, of_split),) = added["splits"].items()
    values = {
        f"datasets.{dataset}": of_dataset,
        f"splits.{split}": of_split,
        f"experiments.{name}": block | {"split": split, "features": features},
    }
    tiny.edit(project, values)
    pixels, labels = tiny.digits()
    images = np.pad(pixels.reshape(-1, *tiny.SHAPE), ((0, 0), (10, 10), (10, 10)))
    ((place,),) = (source.values() for source in of_dataset["sources"])
    np.savez(project / place, images=images, labels=labels)
    tiny.run(["dvc", "add", place], project)

    digits(f"pin {dataset}", project)
    digits("check", project)
    kinds = ("binarize", "evaluate", "train")
    assert tiny.repro(project) == sorted([f"fetch@{dataset}", f"split@{split}", *(f"{kind}@{name}" for kind in kinds)])
    assert changed(project) == {"params.yaml", f"{place}.dvc", *modules, *results(project, name)}
    measured = json.loads((project / f"metrics/{name}.json").read_text())
    assert min(measured["accuracy"], measured["cv_accuracy"]) > measured["baseline"] + 0.2
    assert name in digits("leaderboard", project)
    tiny.commit(project, "added")

    names = [*tiny.params()["experiments"], name]
    file = "digits/evaluation/metrics.py"
    function, entry = BLOCKS[f"{file}: above METRICS"], BLOCKS[f"{file}: in METRICS"]
    ((key,),) = [re.findall(r'key="(\w+)"', entry)]
    code = (project / file).read_text(encoding="utf-8")
    entry = entry.replace("key=", 'heading="as the page says", key=')
    new = code.replace("METRICS = [\n", f"{function}\n\nMETRICS = [\n    {entry}")
    (project / file).write_text(new, encoding="utf-8")
    assert tiny.repro(project) == sorted(f"evaluate@{each}" for each in names)
    tables = {f"plots/{each}/figures.csv" for each in names}
    assert changed(project) == {file, "dvc.lock", *tables, *(f"metrics/{each}.json" for each in names)}
    for each in names:
        value = json.loads((project / f"metrics/{each}.json").read_text())[key]
        assert f"test,{key},all,{round(value, 6)}" in (project / f"plots/{each}/figures.csv").read_text()
    assert "as the page says" in digits("leaderboard", project)
