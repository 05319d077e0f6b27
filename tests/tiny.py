"""A whole project in miniature: this repository's own stages on 400 small digits, offline, in seconds."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_digits

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


SGD, LOGISTIC = "linear_model.SGDClassifier", "linear_model.LogisticRegression"


def experiment(task: str, features: str, classifier: str, folds: int, **hyperparameters: Any) -> dict[str, Any]:
    """Return an experiment's block of params.yaml."""
    return {
        "description": "A tiny one.",
        "task": task,
        "features": features,
        "classifier": classifier,
        "hyperparameters": hyperparameters,
        "folds": folds,
    }


def params(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the tiny project's params.yaml: a binary and a ten-class experiment, with folds and without.

    `changes` are new values by their places (`splits.tiny.test`); `...` takes a value away.
    """
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
        if value is ...:
            del block[last]
        else:
            block[last] = value
    return values


def write_params(project: Path, values: dict[str, Any]) -> None:
    """Write params.yaml, keys in their order."""
    (project / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def edit(project: Path, changes: dict[str, Any]) -> None:
    """Write the tiny project's params.yaml with changes, as `params` takes them."""
    write_params(project, params(changes))


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
    file = project / "dvc.yaml"  # a fork's pictures are a dep in it
    file.write_text(re.sub(r"\n +- data/own.*", "", file.read_text(encoding="utf-8")), encoding="utf-8")
    config = project / ".dvc/config"  # a fork's remote has the fork's name
    config.write_text(
        re.sub(r"url = .*", "url = ../../digits-remote", config.read_text(encoding="utf-8")), encoding="utf-8"
    )
    for path in ROOT.glob(".dvc/tmp/vega-*.js"):  # bundled by `digits report`; it would be again in every copy
        (project / ".dvc/tmp").mkdir(exist_ok=True)
        shutil.copy(path, project / ".dvc/tmp")
    write_idx_files(project / "idx")
    edit(project, {})
    commit(project, "the tiny project")


def make_variant(project: Path) -> Path:
    """Write and run, in this process, what the tiny project has not, and return its folder.

    `own` has eight groups and classes with names; `odd` asks for two of them against two, by a rule's threshold;
    `taught` mixes `own` into `many` three times.
    """
    from tests.core import calls

    bunch = load_digits()
    for name, rows in (("many", slice(0, 200)), ("own", slice(200, 440))):
        frame = pd.DataFrame(bunch.data[rows].astype(int)).add_prefix("p")
        frame.insert(0, "label", [f"n{label}" for label in bunch.target[rows]])
        if name == "own":
            frame.insert(1, "group", [f"writer {i // 10 % 8}" for i in range(len(frame))])
        frame.to_csv(project / f"{name}.csv", index=False)
    more: dict[str, Any] = {"n_neighbors": 25, "weights": "distance", "threshold": {"recall": 0.9}}  # it makes mistakes
    more |= {"copies": 1} if (ROOT / "digits/scale").exists() else {}
    knn = experiment("odd", "scaled", "neighbors.KNeighborsClassifier", 3, **more)
    values = params(
        {
            "datasets": {
                name: {"shape": [*SHAPE], "maximum": MAXIMUM, "sources": [{"table": f"{name}.csv"}]}
                for name in ("many", "own")
            },
            "splits": {"many": {"dataset": "many", "test": 40}, "own": {"dataset": "own", "test": {"groups": 2}}},
            "mixes": {"taught": {"split": "many", "own": "own", "weight": 3}},
            "tasks": {
                "taught": {"split": "taught"},
                "odd": {"split": "own", "positive": ["n1", "n8"], "negative": ["n3", "n9"]},
            },
            "experiments": {"odd": knn, "taught": experiment("taught", "principal_components", LOGISTIC, 3)},
        }
    )
    write_params(project, values)
    for name in ("many", "own"):
        calls.digits(project, "pin", name)
    names = {kind: [*values[f"{kind}s"]] for kind in ("dataset", "split", "task", "experiment")}
    stages = {"fetch": "dataset", "split": "split", "mix": None, "binarize": "task", "train": "experiment"}
    for stage, kind in {**stages, "evaluate": "experiment"}.items():
        for name in names[kind] if kind else ["taught"]:
            calls.stage(project, f"{stage} {name}")
    return project


def copy(project: Path, place: Path) -> Path:
    """Copy a project, DVC's cache and all."""
    return Path(shutil.copytree(project, place, symlinks=True))


def commit(project: Path, message: str) -> None:
    """Commit everything that Git does not ignore."""
    run("git add --all", project)
    run(["git", "commit", "--quiet", "-m", message], project)


def git_status(project: Path) -> str:
    """Return what Git says has changed since the last commit."""
    return run("git status --porcelain", project).stdout


def run(
    command: str | list[str], folder: Path, *, status: int = 0, one_core: bool = False, **environment: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would, in the tests' own environment, and expect an exit status."""
    done = subprocess.run(
        shlex.split(command) if isinstance(command, str) else command,
        cwd=folder,
        env={**os.environ, **environment},
        preexec_fn=_keep_one_core if one_core else None,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == status, f"{command} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def in_terminal(command: str, folder: Path) -> str:
    """Run a command in a terminal, and return all that it shows. Skips the test where there is no `script`."""
    if not (sys.platform == "linux" and shutil.which("script")):
        pytest.skip("needs util-linux's script")
    command = f"stty rows 24 cols 80 && {command}"
    return run(["script", "--quiet", "--return", "--command", command, "/dev/null"], folder, TERM="xterm").stdout


def _keep_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def failure(command: str | list[str], folder: Path, status: int = 1, **environment: Any) -> str:
    """Run a command that must fail with an exit status, and return its error, which must be a single line."""
    [line] = run(command, folder, status=status, **environment).stderr.splitlines()
    return line


def repro(project: Path, *arguments: str) -> list[str]:
    """Run `dvc repro` and return the stages that it ran, sorted."""
    lines = run(["dvc", "repro", *arguments], project).stdout.splitlines()
    return sorted(line.split("'")[1] for line in lines if line.startswith("Running stage"))


def lock(project: Path) -> dict[str, Any]:
    """Return what dvc.lock records of each stage."""
    return dict(yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"])


def stored(project: Path, output: str, cache: str = ".dvc/cache") -> Path:
    """Return where a cache or a remote keeps an output, or a folder's listing, by the MD5 that dvc.lock records."""
    [md5] = [out["md5"] for stage in lock(project).values() for out in stage["outs"] if out["path"] == output]
    return project / cache / "files/md5" / md5[:2] / md5[2:]


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, but for Git's, DVC's and Python's own, by path."""
    own = {".git", ".dvc", "__pycache__"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not own.intersection(path.relative_to(folder).parts)
    }


def link_stages(folder: Path) -> Path:
    """Link the stages and the package into a folder, and return it."""
    for package in ("digits", "stages"):
        if not (folder / package).exists():
            (folder / package).symlink_to(ROOT / package)
    return folder
