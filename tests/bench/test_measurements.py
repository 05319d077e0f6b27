"""Every measurement runs, on little: a project whose MNIST is scikit-learn's digits, redrawn in 28 × 28 pixels."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

from bench import measuring, notebooks
from tests import tiny

import numpy as np
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits

TEST = 397  # of 1797 images
EXPERIMENTS = ["digit-champion", "digit-density", "digit-sgd-log"]  # the measurements load them
MADE = shutil.ignore_patterns("tmp", "cache", "config.local", "data", "models", "metrics", "plots")
SCRIPTS = {"benchmarks": 3, "champion": 1}  # and how many parts each has
if (tiny.ROOT / "digits" / "handwriting").exists():
    SCRIPTS |= {"handwriting": 2, "paper": 1}
if (LARGE := tiny.ROOT / "docs" / "scale" / "large").exists():
    SCRIPTS |= {"scale": 1}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]


def make_small(place: Path) -> None:
    """Give the block `mnist` of a params.yaml the small images, and the splits a test part of their size."""
    bunch, values = load_digits(), measuring.parameters(place)
    resized = [np.asarray(Image.fromarray(np.uint8(15 * image)).resize((20, 20))) for image in bunch.images]
    arrays = {"pixels": np.pad(resized, [(0, 0), (4, 4), (4, 4)]), "labels": bunch.target.astype(np.uint8)}
    (place / "small").mkdir()
    for name, array in arrays.items():
        (place / "small" / name).write_bytes(tiny.idx_bytes(array))
    sha256 = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    block = {"images": len(bunch.target), "sources": [{"idx": "small"}], "files": [[*arrays]], "sha256": sha256}
    values["datasets"]["mnist"] |= block
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
    make_small(project)
    shutil.copytree(tiny.ROOT / "docs/notebooks", project / "docs/notebooks")
    if LARGE.exists():
        own = Path(shutil.copytree(LARGE, project / "docs/scale/large", ignore=MADE))
        make_small(own)
        (own / "enlarged.yaml").write_text(yaml.safe_dump({"mnist": {"first": 1797 - TEST, "to": 1797, "seed": 42}}))
    tiny.commit(project, "small")
    tiny.repro(project, "fetch@small", *(f"evaluate@{name}" for name in EXPERIMENTS))
    return project


@pytest.mark.parametrize(("script", "parts"), SCRIPTS.items())
def test_every_measurement_prints_its_tables(small: Path, script: str, parts: int) -> None:
    output = tiny.run(["python", "-m", f"bench.{script}", "--quick"], small).stdout
    assert output.count("\nMeasured at ") == parts
    assert len(re.findall(r"^\| ---", output, re.MULTILINE)) >= parts
    assert "nan" not in output


@pytest.mark.parametrize("name", notebooks.NOTEBOOKS)
def test_every_tutorial_runs(small: Path, name: str) -> None:
    code = notebooks.code(name, looks=True).replace("60_000", "1_400").replace("36_00", "1_00")
    output = tiny.run([sys.executable, "-c", code], small, MPLBACKEND="agg").stdout
    assert re.search(r"^(test accuracy|training accuracy|F1) [01]\.\d", output, re.MULTILINE)


def test_the_plain_script_makes_what_the_pipeline_does(project: Path) -> None:
    made = tiny.files(project)
    for folder in ("data", "models", "metrics", "plots"):
        shutil.rmtree(project / folder)
    tiny.run(["python", "-m", "bench.plain"], project)
    assert {name: made[name] for name in made if name.startswith("metrics/")}.items() <= tiny.files(project).items()
