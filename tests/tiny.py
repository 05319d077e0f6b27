"""A whole project in miniature: this repository's own stages on 400 small digits, offline, in seconds."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline

from digits.learning import registry
from digits.sources import Images, idx

ROOT = Path(__file__).parent.parent
IMAGES = 400
TEST = 100
SHAPE = (8, 8)
MAXIMUM = 16
FILES = [["train-images", "train-labels"], ["t10k-images", "t10k-labels"]]


def digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return 400 of scikit-learn's digits, shape (400, 64), and their labels, shape (400,)."""
    bunch = load_digits()
    return bunch.data[:IMAGES].astype(np.uint8), bunch.target[:IMAGES].astype(np.uint8)


def idx_bytes(values: npt.NDArray[np.uint8]) -> bytes:
    """Spell an array as an IDX file."""
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


def together(batches: Iterable[Images]) -> Images:
    """Return what a source gives some images at a time as one."""
    pixels, classes, origin = zip(*batches, strict=True)
    copied = None if origin[0] is None else np.concatenate(origin)
    return Images(np.concatenate(pixels), np.concatenate(classes), copied)


def idx_array(content: bytes, shape: tuple[int, ...], limit: int) -> npt.NDArray[np.uint8]:
    """Read all of an IDX file, which `sources.idx` reads some items at a time."""
    count, items = idx.parse(io.BytesIO(content), shape, limit)
    values = np.concatenate([np.empty((0, *shape), np.uint8), *items])
    assert len(values) == count
    return values


def idx_files() -> dict[str, bytes]:
    """Return the tiny dataset as four IDX files by name."""
    pixels, classes = digits()
    images = pixels.reshape(-1, *SHAPE)
    cut = IMAGES - TEST
    return {
        "train-images": idx_bytes(images[:cut]),
        "train-labels": idx_bytes(classes[:cut]),
        "t10k-images": idx_bytes(images[cut:]),
        "t10k-labels": idx_bytes(classes[cut:]),
    }


def write_idx_files(folder: Path) -> None:
    """Write the tiny dataset's four IDX files."""
    folder.mkdir(parents=True)
    for name, content in idx_files().items():
        (folder / name).write_bytes(content)


def dataset(*sources: dict[str, str]) -> dict[str, Any]:
    """Return the tiny dataset's block of params.yaml."""
    return {
        "images": IMAGES,
        "shape": list(SHAPE),
        "classes": 10,
        "maximum": MAXIMUM,
        "sources": list(sources),
        "files": FILES,
        "sha256": {
            "pixels": "1625b1e856efc2f2223431931df0a355208edbb716313e4d03b98b2f8489a75a",
            "labels": "eda95fa5186841f23d8ed6bd7698f25a86e97f8fee217871597fa466c1a2d9c0",
        },
    }


def experiment(
    split: str, task: str, features: str, classifier: str, folds: int, **hyperparameters: Any
) -> dict[str, Any]:
    """Return an experiment's block of params.yaml."""
    return {
        "description": "A tiny one.",
        "split": split,
        "task": task,
        "features": features,
        "classifier": classifier,
        "hyperparameters": hyperparameters,
        "folds": folds,
    }


def params() -> dict[str, Any]:
    """Return the tiny project's params.yaml: a binary and a ten-class experiment, with folds and without."""
    return {
        "seed": 42,
        "datasets": {"tiny": dataset({"idx": "idx"})},
        "splits": {"tiny": {"dataset": "tiny", "test": TEST}, "tiny-random": {"dataset": "tiny", "test": 0.25}},
        "tasks": {"digit": {}, "five": {"positive": [5]}},
        "experiments": {
            "five-sgd": experiment("tiny", "five", "normalized", "sgd", 3, max_iter=50, tol=None),
            "digit-logreg": experiment("tiny-random", "digit", "principal_components", "logistic_regression", 0),
        },
    }


def pipeline(classifier: str, feature: str = "scaled") -> Pipeline:
    """Return an unfitted pipeline of a classifier, kept small enough for a test."""
    small = {"extra_trees": {"n_estimators": 10}, "mlp": {"max_iter": 500}}
    if registry.is_partial(classifier):
        small[classifier] = {"max_iter": 500}
    built = registry.classifier(classifier, small.get(classifier, {}), seed=42)
    return Pipeline([*registry.features(feature, MAXIMUM), ("classifier", built)])


def write_params(project: Path, values: dict[str, Any]) -> None:
    """Write params.yaml, keys in their order."""
    (project / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def make_project(project: Path) -> None:
    """Copy the repository as it stands, but for params.yaml and what it has made, and commit it to a Git of its own."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT).stdout.split("\n")
    for name in filter(None, listed):
        if (
            name.startswith(("metrics/", "plots/", "docs/", "tests/", "searches/"))
            or name == "dvc.lock"
            or not (ROOT / name).exists()
        ):
            continue
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name, follow_symlinks=False)
    write_idx_files(project / "idx")
    write_params(project, params())
    run(["git", "init", "--quiet", "--initial-branch=main"], project)
    commit(project, "the tiny project")


def commit(project: Path, message: str) -> None:
    """Commit everything that Git does not ignore."""
    run(["git", "add", "--all"], project)
    run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", message], project)


def run(command: list[str], folder: Path, *, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would, in the tests' own environment, and expect an exit status."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    outer = {key: value for key, value in os.environ.items() if key not in {"DATA_MIRROR", "GIT_DIR", "GIT_INDEX_FILE"}}
    done = subprocess.run(
        command, cwd=folder, env={**outer, "PATH": path, **environment}, text=True, capture_output=True, check=False
    )
    assert done.returncode == status, f"{command} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def repro(project: Path, *arguments: str) -> list[str]:
    """Run `dvc repro` and return the stages that it ran, sorted."""
    lines = run(["dvc", "repro", *arguments], project).stdout.splitlines()
    return sorted(line.split("'")[1] for line in lines if line.startswith("Running stage"))


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, but for Git's, DVC's and Python's own, by path."""
    own = {".git", ".dvc", "__pycache__"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not own.intersection(path.relative_to(folder).parts)
    }
