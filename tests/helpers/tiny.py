"""A whole project in miniature: this repository's own stages on 400 small digits.

It needs no internet. DVC and scikit-learn are imported inside functions, because the process of
pytest that starts the workers imports this module, too, and runs no test.
"""

import contextlib
import gc
import io
import logging
import os
import re
import shlex
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[2]
HANDWRITING = ROOT / "packages/digits-handwriting"
IMAGES = 400
TEST = 100  # the number of images of the test set
SHAPE = (8, 8)
PIXEL_MAX = 16
FILES = [["train-images", "train-labels"], ["t10k-images", "t10k-labels"]]
SGD = "linear_model.SGDClassifier"
LOGISTIC = "linear_model.LogisticRegression"

# What a copy of the repository for a test is made without: its results, its pages, its tests, and
# other packages.
NOT_COPIED = (
    r"(data/datasets|metrics|plots|docs|packages|tests)/|dvc\.lock|.*\.dvc$|data/\.gitignore"
)

# Folders that belong to Git, DVC and Python.
TOOL_FOLDERS = {".git", ".dvc", "__pycache__"}

Done = subprocess.CompletedProcess[str]


def pixels_of(images: Any) -> npt.NDArray[np.uint8]:
    """Return the pixels of a table of images that pandas has read, shape (n_images, n_pixels)."""
    values = np.frombuffer(b"".join(images["pixels"]), dtype=np.uint8)
    return values.reshape(len(images), -1)


def change_images(path: Path, change: Callable[[Any], Any]) -> None:
    """Change a table of images on the disk.

    Args:
        path: the file.
        change: takes the table without the pixels, and returns another one, whose index has the
            rows that are kept.
    """
    from digits.core.images import Images, read_images, write_images

    images = read_images(path)
    changed = change(images.table)
    pixels = images.X[changed.index]
    changed = changed.reset_index(drop=True)
    changed.attrs = images.table.attrs
    write_images(path, Images(pixels, changed))


def digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return 400 of scikit-learn's digits, shape (400, 64), and their labels, shape (400,)."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = bunch.data[:IMAGES].astype(np.uint8)
    labels = bunch.target[:IMAGES].astype(np.uint8)
    return pixels, labels


def idx_bytes(values: npt.NDArray[np.uint8]) -> bytes:
    """Return the IDX file of an array."""
    header = bytes([0, 0, 8, values.ndim])
    for length in values.shape:
        header += length.to_bytes(4, "big")
    return header + values.tobytes()


def idx_files() -> dict[str, bytes]:
    """Return the four IDX files of the tiny dataset, by their names."""
    pixels, labels = digits()
    images = pixels.reshape(-1, *SHAPE)
    n_train = IMAGES - TEST
    [train_names, test_names] = FILES
    return {
        train_names[0]: idx_bytes(images[:n_train]),
        train_names[1]: idx_bytes(labels[:n_train]),
        test_names[0]: idx_bytes(images[n_train:]),
        test_names[1]: idx_bytes(labels[n_train:]),
    }


def write_idx_files(folder: Path) -> None:
    """Write the four IDX files of the tiny dataset into a new folder."""
    folder.mkdir(parents=True)
    for name, content in idx_files().items():
        (folder / name).write_bytes(content)


def dataset(*sources: dict[str, str]) -> dict[str, Any]:
    """Return an entry of `datasets` for the tiny dataset."""
    return {
        "shape": list(SHAPE),
        "pixel_max": PIXEL_MAX,
        "sources": list(sources),
        "files": FILES,
        "sha256": {
            "pixels": "1625b1e856efc2f2223431931df0a355208edbb716313e4d03b98b2f8489a75a",
            "labels": "eda95fa5186841f23d8ed6bd7698f25a86e97f8fee217871597fa466c1a2d9c0",
        },
    }


def model(
    task: str, features: str, classifier: str, folds: int, **hyperparameters: Any
) -> dict[str, Any]:
    """Return an entry of `models`.

    The features are such as `scaled`, or `scaled 50` for fifty components.
    """
    features, _, n_components = features.partition(" ")
    return {
        "description": "A tiny model.",
        "task": task,
        "features": features,
        "feature_parameters": {"n_components": int(n_components)} if n_components else {},
        "classifier": classifier,
        "hyperparameters": hyperparameters,
        "folds": folds,
    }


def params(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the content of the tiny project's params.yaml, with changes.

    Args:
        changes: new values by their keys, such as `splits.tiny.test`. The value `...` removes
            a key.
    """
    splits = {
        "tiny": {"dataset": "tiny", "test": TEST},
        "tiny-random": {"dataset": "tiny", "test": 0.25},
    }
    tasks = {
        "digit": {"split": "tiny-random"},
        "five": {"split": "tiny", "positive": [5]},
    }
    models = {
        "five-sgd": model("five", "normalized", SGD, 3, max_iter=50, tol=None),
        "digit-logreg": model("digit", "scaled 50", LOGISTIC, 0),
    }
    values: dict[str, Any] = {
        "seed": 42,
        "datasets": {"tiny": dataset({"idx": "idx"})},
        "splits": splits,
        "tasks": tasks,
        "models": models,
    }
    for keys, value in (changes or {}).items():
        *parents, last = keys.split(".")
        entry = values
        for key in parents:
            entry = entry[key]
        if value is ...:
            del entry[last]
        else:
            entry[last] = value
    return values


def list_stages() -> list[str]:
    """Return the stages of the tiny project in an order in which they can run."""
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    definitions = yaml.safe_load(text)["stages"]
    definitions["evaluate"] = definitions.pop("evaluate")  # it is the first one, and runs last
    entries = params()
    stages = []
    for stage, definition in definitions.items():
        if "foreach" in definition:  # a fork may have other stages, too
            section = definition["foreach"].strip("${}")  # such as `${models}`
            # A test says that an entry is missing.
            stages += [f"{stage}@{name}" for name in entries.get(section, {})]
    return stages


STAGES = list_stages()
# The first entry of each stage.
ONE_OF_EACH = list({stage.partition("@")[0]: stage for stage in reversed(STAGES)}.values())


def edit(project: Path, changes: dict[str, Any]) -> None:
    """Write the tiny project's params.yaml with changes, as `params` takes them."""
    text = yaml.safe_dump(params(changes), sort_keys=False)
    (project / "params.yaml").write_text(text, encoding="utf-8")


def edit_summary(project: Path, changes: dict[str, Any], name: str = "tiny") -> None:
    """Change what data/datasets/NAME.yaml says of a dataset.

    If it has no file, it is like the tiny dataset.
    """
    folder = project / "data/datasets"
    values = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8"))
    text = yaml.safe_dump(values | changes, sort_keys=False)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def add_dependency(project: Path, path: str) -> None:
    """Let the stage `fetch` depend on images of one's own."""
    first = "        - stages/fetch.py\n"
    replace(project / "dvc.yaml", first, f"{first}        - {path}\n")


def copy_repository(project: Path, without: str = "$^") -> None:
    """Copy the repository as it stands into a folder, and make that a Git repository.

    Files whose path matches the pattern `without` are left out.
    """
    listed = run("git ls-files --cached --others --exclude-standard", ROOT).stdout
    for name in listed.splitlines():
        if not (ROOT / name).exists() or re.match(without, name):
            continue
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name, follow_symlinks=False)
    run("git init --quiet --initial-branch=main --template=", project)
    (project / ".git/info").mkdir()


def make_project(project: Path, without: str = NOT_COPIED) -> None:
    """Make a repository of this one's code, with the tiny dataset and its params.yaml."""
    copy_repository(project, without)
    write_idx_files(project / "idx")
    edit(project, {})
    commit(project, "the tiny project")


def replace(path: Path, pattern: str, text: str) -> None:
    """Replace all matches of a pattern in a file."""
    content = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, text, content), encoding="utf-8")


def once(request: pytest.FixtureRequest, name: str, make: Callable[[Path], object]) -> Path:
    """Return a project that one pytest worker makes for all workers. Do not change it."""
    temporary: Path = request.getfixturevalue("tmp_path_factory").getbasetemp()
    if hasattr(request.config, "workerinput"):
        temporary = temporary.parent  # all workers have their folders in it
    place = temporary / name
    with FileLock(f"{place}.lock"):
        if not (place / "tiny").exists():
            unfinished = place / "unfinished"
            unfinished.mkdir(parents=True)
            make(unfinished)
            unfinished.rename(place / "tiny")
    return place / "tiny"


def copy(project: Path, place: Path) -> Path:
    """Copy a project, and return the copy."""
    run(["cp", "-a", str(project), str(place)], project)  # faster than shutil.copytree
    # It may be half written, because another worker may let DVC look at the project right now.
    (place / ".dvc/tmp/rwlock").unlink(missing_ok=True)
    return place


def commit(project: Path, message: str) -> None:
    """Commit everything in a project."""
    run("git add --all", project)
    run(["git", "commit", "--quiet", "-m", message], project)


def run(command: str | list[str], folder: Path, *, status: int = 0, **environment: str) -> Done:
    """Run a command in the environment of the tests, and expect an exit status."""
    words = shlex.split(command) if isinstance(command, str) else command
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        capture_output=True,
        check=False,
    )
    output = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == status, f"{command} gave {done.returncode}:\n{output}"
    return done


@contextlib.contextmanager
def ignore_warnings_of_dvc() -> Iterator[None]:
    """Ignore all warnings, while DVC works in the process of the test."""
    with warnings.catch_warnings(action="ignore"):
        yield
        gc.collect()  # DVC leaves packs of Git open, which Python warns of when it frees them
        gc.freeze()  # what DVC has imported is no garbage: the next time need not look at it


def run_dvc(command: str, project: Path, status: int = 0) -> str:
    """Run `dvc` in the process of the test, which saves a second, and return its output."""
    import dvc.cli

    output = io.StringIO()
    for handler in logging.getLogger("dvc").handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.stream = output
    with (
        contextlib.chdir(project),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        ignore_warnings_of_dvc(),
    ):
        found = dvc.cli.main(shlex.split(command))
    assert found == status, f"dvc {command} gave {found}:\n{output.getvalue()}"
    return output.getvalue()


def repro(project: Path, *arguments: str) -> list[str]:
    """Run `dvc repro`, and return the sorted names of the stages that it ran."""
    return find_stages(run_dvc(shlex.join(["repro", *arguments]), project))


def find_stages(output: str) -> list[str]:
    """Return the sorted names of the stages that DVC ran, from its output."""
    return sorted(re.findall("^Running stage '(.+?)'", output, re.MULTILINE))


def lock(project: Path) -> dict[str, Any]:
    """Return the stages in dvc.lock, by their names."""
    text = (project / "dvc.lock").read_text(encoding="utf-8")
    stages: dict[str, Any] = yaml.safe_load(text)["stages"]
    return stages


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder by its path, without tools' files."""
    contents = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not TOOL_FOLDERS.intersection(relative.parts):
            contents[str(relative)] = path.read_bytes()
    return contents
