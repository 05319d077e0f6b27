"""Every measurement runs, on little: a project whose MNIST is scikit-learn's digits, redrawn in 28 × 28 pixels."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from bench import measuring
from tests import tiny

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from sklearn.datasets import load_digits

TEST = 397  # of 1797 images
EXPERIMENTS = ["digit-champion", "digit-density", "digit-knn", "digit-sgd-log", "five-sgd"]  # they load them
FILES = [["images", "labels"]]
TUTORIALS = sorted(path.stem for path in (tiny.ROOT / "bench" / "tutorials").glob("[!m]*.py"))
# how many parts each has
SCRIPTS = {"benchmarks": 3, "blocks": 1, "champion": 1, "copies": 2, "refits": 1, "classifiers": 1}
if (tiny.ROOT / "digits" / "handwriting").exists():
    SCRIPTS |= {"handwriting": 1, "not_one_digit": 3, "paper": 1, "taught": 1}
if (tiny.ROOT / "digits" / "scale").exists():
    SCRIPTS |= {"scale": 2}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]


def images() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the digits in MNIST's form, shape (1797, 28, 28), and their classes."""
    bunch = load_digits()
    resized = [np.asarray(Image.fromarray(np.uint8(15 * image)).resize((20, 20))) for image in bunch.images]
    return np.pad(np.array(resized), [(0, 0), (4, 4), (4, 4)]), bunch.target.astype(np.uint8)


def make_small(place: Path, dataset: dict[str, Any]) -> None:
    """Give the block `mnist` of a params.yaml the small images, and the splits a test part of their size."""
    values = measuring.parameters(place)
    values["datasets"]["mnist"] = {**values["datasets"]["mnist"], **dataset}
    if enlarged := values["datasets"]["mnist"].get("enlarged"):
        enlarged["first"] = dataset["images"] - TEST
    for split in values["splits"].values():
        split["test"] = TEST if split["test"] == 10_000 else split["test"]
    measuring.write_parameters(place, values)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project with the small MNIST, and the models that the measurements load. Not to be changed."""
    project = tmp_path_factory.mktemp("small") / "project"
    project.mkdir()
    tiny.make_project(project)
    (project / "params.yaml").write_bytes((tiny.ROOT / "params.yaml").read_bytes())
    pixels, classes = images()
    for folder in filter(Path.exists, (project, project / "large")):
        (folder / "small").mkdir()
        (folder / "small" / "images").write_bytes(tiny.idx_bytes(pixels))
        (folder / "small" / "labels").write_bytes(tiny.idx_bytes(classes))
        sha256 = {
            "pixels": hashlib.sha256(pixels.tobytes()).hexdigest(),
            "labels": hashlib.sha256(classes.tobytes()).hexdigest(),
        }
        make_small(folder, {"images": len(classes), "sources": [{"idx": "small"}], "files": FILES, "sha256": sha256})
    tiny.commit(project, "small")
    tiny.repro(project, "fetch@small", *(f"evaluate@{name}" for name in EXPERIMENTS))
    return project


@pytest.mark.parametrize(("script", "parts"), SCRIPTS.items())
def test_every_measurement_prints_its_tables(small: Path, script: str, parts: int) -> None:
    output = tiny.run(["python", "-m", f"bench.{script}", "--quick"], small).stdout
    assert output.count("\nMeasured on: ") == parts
    assert len(re.findall(r"^\| ---", output, re.MULTILINE)) >= parts
    assert "nan" not in output


@pytest.mark.parametrize("name", TUTORIALS)
def test_every_tutorial_runs(small: Path, name: str) -> None:
    script = small / "bench" / "tutorials" / f"{name}.py"
    code = script.read_text(encoding="utf-8").replace("60_000", "1_400").replace("36_00", "1_00")
    little = script.with_name(f"little_{name}.py")
    little.write_text(code, encoding="utf-8")
    output = tiny.run(["python", str(little.relative_to(small))], small).stdout
    assert re.search(r"^(test accuracy|training accuracy|F1) (1|0\.\d)", output, re.MULTILINE)


def test_the_plain_script_measures_what_the_pipeline_does(made: Path) -> None:
    output = tiny.run(["python", "-m", "bench.plain"], made).stdout
    for name, accuracy in re.findall(r"^(\S+): test accuracy (\S+)$", output, re.MULTILINE):
        assert f'"accuracy": {float(accuracy)}' in (made / "metrics" / f"{name}.json").read_text()
    assert output.count("test accuracy") == 2


def test_what_training_costs_is_printed_and_stands_in_the_report(project: Path) -> None:
    lock = (project / "dvc.lock").read_bytes()
    output = tiny.run(["python", "-m", "bench.costs"], project).stdout
    costs = json.loads((project / "data" / "costs.json").read_text())
    assert sorted(costs) == sorted(tiny.params()["experiments"])
    assert all(f"| {name} | {cost:.1f} |" in output for name, cost in costs.items())
    tiny.run(["dvc", "repro"], project)
    assert (project / "dvc.lock").read_bytes() == lock
    if (tiny.ROOT / "digits" / "report").exists():
        tiny.run(["digits", "report"], project)
        assert f'<td class="number">{costs["five-sgd"]}</td>' in (project / "report.html").read_text()
