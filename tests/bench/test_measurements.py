"""Every benchmark runs on a little data: MNIST is replaced by scikit-learn's digits, resized."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits

from bench import measuring
from bench.notebooks import NOTEBOOKS
from digits.messages.errors import UserError
from tests.helpers import tiny

N_TEST = 397  # of 1,797 images

# The benchmarks load these models.
MODELS = ["digit-champion", "digit-density", "digit-sgd-log"]

# The scripts, and how many benchmarks each has.
SCRIPTS = {"benchmarks": 4, "handwriting": 1, "paper": 1}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]


def replace_mnist(project: Path) -> None:
    """Give the dataset `mnist` of a project the small images, and its splits a small test set."""
    bunch = load_digits()
    images = []
    for image in bunch.images:
        resized = Image.fromarray(np.uint8(15 * image)).resize((20, 20))
        images.append(np.pad(np.asarray(resized), 4))
    arrays = {"pixels": np.array(images), "labels": bunch.target.astype(np.uint8)}
    sha256 = {}
    (project / "small").mkdir()
    for name, array in arrays.items():
        (project / "small" / name).write_bytes(tiny.idx_bytes(array))
        sha256[name] = hashlib.sha256(array.tobytes()).hexdigest()

    path = project / "params.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["datasets"]["mnist"] |= {
        "images": len(images),
        "sources": [{"idx": "small"}],
        "files": [["pixels", "labels"]],
        "sha256": sha256,
    }
    for split in values["splits"].values():
        if split["test"] == 10_000:
            split["test"] = N_TEST
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project with the small MNIST, and with some models. Do not change it."""
    project = tmp_path_factory.mktemp("small") / "project"
    project.mkdir()
    tiny.make_project(project)
    shutil.copy(tiny.ROOT / "params.yaml", project)
    replace_mnist(project)
    shutil.copytree(tiny.ROOT / "docs/notebooks", project / "docs/notebooks")
    tiny.commit(project, "small")
    stages = [f"evaluate@{name}" for name in MODELS]
    tiny.repro(project, "fetch@small", *stages)
    return project


@pytest.mark.parametrize(("script", "n_benchmarks"), SCRIPTS.items())
def test_every_benchmark_prints_its_tables(small: Path, script: str, n_benchmarks: int) -> None:
    output = tiny.run(["python", "-m", f"bench.{script}", "--quick"], small).stdout
    assert output.count("\nMeasured at ") == n_benchmarks
    tables = re.findall(r"^\|:--", output, re.MULTILINE)
    assert len(tables) >= n_benchmarks
    assert "nan" not in output


@pytest.mark.parametrize("path", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_every_notebook_runs_as_in_jupyterlab(small: Path, path: Path) -> None:
    """JupyterLab, which `make notebooks` opens, starts the kernel in the notebook's folder."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace("60_000", "1_400").replace("36_00", "1_00")
    client = nbclient.NotebookClient(notebook, kernel_name="python3")
    client.execute(cwd=small / "docs/notebooks")
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "\n".join(output.get("text", "") for output in outputs)
    assert re.search(r"^(test accuracy|training accuracy|F1) [01]\.\d", printed, re.MULTILINE)
    assert [output for output in outputs if "image/png" in output.get("data", {})]


def test_one_process_gives_the_same_results_as_dvc(project: Path) -> None:
    files_by_dvc = tiny.files(project)
    for folder in ["data", "models", "metrics", "plots"]:
        shutil.rmtree(project / folder)
    tiny.run(["python", "-m", "bench.plain"], project)
    files_by_one_process = tiny.files(project)
    for name, content in files_by_dvc.items():
        if name.startswith(("metrics/", "plots/")):
            assert files_by_one_process[name] == content


def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gave 3$"):
        measuring.run(tmp_path, sys.executable, "-c", "exit(3)")
