"""A whole project in miniature: this repository's own stages on 400 small digits, offline, in seconds."""

import contextlib
import io
import logging
import os
import re
import shlex
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dvc.cli
import numpy as np
import numpy.typing as npt
import pytest
import yaml
from filelock import FileLock
from sklearn.datasets import load_digits

ROOT = Path(__file__).parent.parent
IMAGES, TEST, SHAPE, MAXIMUM = 400, 100, (8, 8), 16
Done = subprocess.CompletedProcess[str]
FILES = [["train-images", "train-labels"], ["t10k-images", "t10k-labels"]]
SGD, LOGISTIC = "linear_model.SGDClassifier", "linear_model.LogisticRegression"


def digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return 400 of scikit-learn's digits, shape (400, 64), and their labels, shape (400,)."""
    bunch = load_digits()
    return bunch.data[:IMAGES].astype(np.uint8), bunch.target[:IMAGES].astype(np.uint8)


def idx_bytes(values: npt.NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


def idx_files() -> dict[str, bytes]:
    pixels, classes = digits()
    images, cut = pixels.reshape(-1, *SHAPE), IMAGES - TEST
    values = [images[:cut], classes[:cut], images[cut:], classes[cut:]]
    return dict(zip([name for part in FILES for name in part], map(idx_bytes, values), strict=True))


def write_idx_files(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, content in idx_files().items():
        (folder / name).write_bytes(content)


def dataset(*sources: dict[str, str]) -> dict[str, Any]:
    digests = {
        "pixels": "1625b1e856efc2f2223431931df0a355208edbb716313e4d03b98b2f8489a75a",
        "labels": "eda95fa5186841f23d8ed6bd7698f25a86e97f8fee217871597fa466c1a2d9c0",
    }
    shape = {"images": IMAGES, "shape": list(SHAPE), "classes": 10, "maximum": MAXIMUM}
    return {**shape, "sources": list(sources), "files": FILES, "sha256": digests}


def experiment(task: str, features: str, classifier: str, folds: int, **hyperparameters: Any) -> dict[str, Any]:
    block = {"description": "A tiny one.", "task": task, "features": features, "classifier": classifier}
    return {**block, "hyperparameters": hyperparameters, "folds": folds}


def params(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the tiny project's params.yaml with new values by place (`splits.tiny.test`); `...` takes one away."""
    values: dict[str, Any] = {
        "seed": 42,
        "datasets": {"tiny": dataset({"idx": "idx"})},
        "splits": {"tiny": {"dataset": "tiny", "test": TEST}, "tiny-random": {"dataset": "tiny", "test": 0.25}},
        "mixes": {},
        "tasks": {"digit": {"split": "tiny-random"}, "five": {"split": "tiny", "positive": [5]}},
        "experiments": {
            "five-sgd": experiment("five", "normalized", SGD, 3, max_iter=50, tol=None),
            "digit-logreg": experiment("digit", "principal_components", LOGISTIC, 0),
        },
    }
    for place, value in (changes or {}).items():
        *parents, last = place.split(".")
        block = values
        for key in parents:
            block = block[key]
        block[last] = value
        if value is ...:
            del block[last]
    return values


def edit(project: Path, changes: dict[str, Any]) -> None:
    """Write the tiny project's params.yaml with changes, as `params` takes them."""
    (project / "params.yaml").write_text(yaml.safe_dump(params(changes), sort_keys=False), encoding="utf-8")


def copy_repository(project: Path, without: str = "$^") -> None:
    """Copy the repository as it stands, but for files whose path matches a pattern, into a Git of its own."""
    for name in run("git ls-files --cached --others --exclude-standard", ROOT).stdout.splitlines():
        if (ROOT / name).exists() and not re.match(without, name):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project / name, follow_symlinks=False)
    run("git init --quiet --initial-branch=main", project)


def make_project(project: Path) -> None:
    """Copy the repository without what it has made, and commit it with the tiny dataset and its params.yaml."""
    copy_repository(project, without=r"(metrics|plots|docs|tests)/|dvc\.lock|.*\.dvc$|data/\.gitignore")
    for name, pattern, text in (  # of a fork: its pictures are a dep, its remote has its name
        ("dvc.yaml", r"\n +- data/own.*", ""),
        (".dvc/config", "url = .*", "url = ../../digits-remote"),
    ):
        path = project / name
        path.write_text(re.sub(pattern, text, path.read_text(encoding="utf-8")), encoding="utf-8")
    write_idx_files(project / "idx")
    edit(project, {})
    commit(project, "the tiny project")


def once(request: pytest.FixtureRequest, name: str, make: Callable[[Path], None]) -> Path:
    """Return a project that the first worker to ask for it makes for all. Not to be changed."""
    base: Path = request.getfixturevalue("tmp_path_factory").getbasetemp()
    place = (base.parent if hasattr(request.config, "workerinput") else base) / name
    with FileLock(f"{place}.lock"):
        if not (place / "tiny").exists():
            (unfinished := place / "unfinished").mkdir(parents=True)
            make(unfinished)
            unfinished.rename(place / "tiny")
    return place / "tiny"


def copy(project: Path, place: Path) -> Path:
    return Path(shutil.copytree(project, place, symlinks=True))


def commit(project: Path, message: str) -> None:
    run("git add --all", project)
    run(["git", "commit", "--quiet", "-m", message], project)


def run(command: str | list[str], folder: Path, *, status: int = 0, **environment: str) -> Done:
    """Run a command as a user would, in the tests' own environment, and expect an exit status."""
    words, env = shlex.split(command) if isinstance(command, str) else command, {**os.environ, **environment}
    done = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == status, f"{command} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def run_dvc(command: str, project: Path, status: int = 0) -> str:
    """Run `dvc` in the test's own process, which spares a second, and return what it prints."""
    output = io.StringIO()
    for handler in logging.getLogger("dvc").handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(output)
    streams = (contextlib.redirect_stdout(output), contextlib.redirect_stderr(output))
    with contextlib.chdir(project), streams[0], streams[1], warnings.catch_warnings(action="ignore"):
        found = dvc.cli.main(shlex.split(command))
    assert found == status, f"dvc {command} gave {found}:\n{output.getvalue()}"
    return output.getvalue()


def repro(project: Path, *arguments: str) -> list[str]:
    """Call `dvc repro` and return the stages that it ran, sorted."""
    output = run_dvc(shlex.join(["repro", *arguments]), project)
    return sorted(re.findall("^Running stage '(.+?)'", output, re.MULTILINE))


def lock(project: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"])


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, but for Git's, DVC's and Python's own, by path."""
    own = {".git", ".dvc", "__pycache__"}
    paths = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if not own.intersection(Path(name).parts)}
