"""SECURITY.md promises what tests check, and the file of a model calls nothing that it names."""

import builtins
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import numpy as np
import psutil
import pytest
import yaml
from PIL import Image
from sklearn.base import BaseEstimator
from skops.io._audit import NODE_TYPE_MAPPING

from digits import commands
from digits.core import paths
from digits.learning import model_file
from digits.messages.errors import UserError
from digits.security import trust
from tests.helpers import tiny
from tests.helpers.calls import call

# The test of each sentence of SECURITY.md about what is safe.
PROMISES = yaml.safe_load(Path(__file__).with_name("promises.yaml").read_text(encoding="utf-8"))


def test_each_sentence_has_its_test() -> None:
    text = (tiny.ROOT / "SECURITY.md").read_text(encoding="utf-8")
    _, _, items = text.partition("## What is safe, and what is not\n")
    sentences = []
    for item in items.split("\n- ")[1:]:
        sentences += re.split(r"(?<=\.) (?=[A-Z\[`])", " ".join(item.split()))
    assert sentences == list(PROMISES)
    files = [*tiny.ROOT.glob("tests/**/test_*.py"), *tiny.ROOT.glob("packages/*/tests/*.py")]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    for name in ", ".join(filter(None, PROMISES.values())).split(", "):
        package, _, function = name.rpartition("/")
        tests = tiny.ROOT / f"packages/{package}/tests"
        if not package or tests.exists():  # a project may have deleted them
            assert f"\ndef {function}(" in source


def make_tuple(*content: dict[str, str]) -> dict[str, Any]:
    """Return the node of a tuple."""
    kind = {"__loader__": "TupleNode", "__module__": "builtins", "__class__": "tuple"}
    return {**kind, "content": content}


def make_node(kind: str, type_name: str, words: list[str]) -> dict[str, Any]:
    """Return a node of a model file that lets skops call a type with a list of words."""
    module, _, name = type_name.rpartition(".")
    texts = [
        {"__loader__": "JsonNode", "__module__": "", "__class__": "", "content": content}
        for content in map(json.dumps, [words, *words])
    ]
    arguments = make_tuple(texts[0])
    contents = {
        "ConstructorFromReduceNode": arguments,
        "ListNode": texts[1:],
        "LossNode": make_tuple(),
    }
    return {
        "__loader__": kind,
        "__module__": module,
        "__class__": name,
        "__reduce__": {"args": arguments},
        "content": contents[kind],
    }


def depend_on_a_remote(project: Path, command: str) -> None:
    """Add a file that depends on a remote, for which DVC runs a command before it connects."""
    config = project / ".dvc/config"
    remote = "['remote \"other\"']\n    url = webdav://127.0.0.1:9/f\n"
    text = config.read_text(encoding="utf-8")
    token = f"    bearer_token_command = {command}\n"
    config.write_text(text + remote + token, encoding="utf-8")
    dependency = {"path": "remote://other/a", "etag": "b" * 32, "size": 3}
    content = {"deps": [dependency], "outs": [{"path": "other", "md5": "a" * 32, "size": 3}]}
    (project / "data/other.dvc").write_text(yaml.safe_dump(content), encoding="utf-8")


def write_model(path: Path, node: dict[str, Any]) -> None:
    """Write a model file that holds a node."""
    with ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(node | {"protocol": 2}))


@pytest.mark.parametrize("kind", ["LossNode", "ListNode", "ConstructorFromReduceNode"])
@pytest.mark.parametrize("type_name", ["psutil.Popen", "subprocess.Popen"])
def test_a_model_file_calls_nothing(tmp_path: Path, kind: str, type_name: str) -> None:
    mark = tmp_path / "mark"
    write_model(tmp_path / "model", make_node(kind, type_name, ["touch", str(mark)]))
    for classifier in ["", "psutil.Popen"]:
        with pytest.raises(UserError, match=rf"the model holds {type_name} \({kind}\)"):
            model_file.load(tmp_path / "model", classifier)
    assert not mark.exists()


@pytest.mark.variant
def test_no_command_runs_what_a_project_names(project: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    Image.new("L", (8, 8)).save(project / "a.png")
    models = ["digit-logreg", "five-sgd"]
    tiny.edit(project, {f"models.{name}.classifier": "psutil.Popen" for name in models})
    for name in models:
        node = make_node("LossNode", "psutil.Popen", ["touch", str(mark)])
        write_model(project / paths.model(name), node)
    depend_on_a_remote(project, f"touch {mark}")
    for command, status in {
        "check": 1,
        "compare HEAD": 0,
        "leaderboard": 0,
        "predict a.png": 1,
        "predict a.png --model five-sgd": 1,
        "show tiny --predictions five-sgd": 0,
        "experiments five-sgd": 0,
        "report": 0,  # the last one, because its package may have been deleted
    }.items():
        call(project, *command.split(), status=status)
        assert not mark.exists()


def check_trusted(modules: Iterable[ModuleType]) -> None:
    """Check that of all that can be called in some modules, only the harmless may be loaded."""
    objects = {
        f"{module.__name__}.{name}": found
        for module in modules
        for name, found in list(vars(module).items())
        if callable(found)
    }
    assert len(objects) > 1000
    for name, found in objects.items():
        package, *_ = name.split(".")  # as if it had the classifier
        accepted = {
            kind for kind, _ in NODE_TYPE_MAPPING if trust.is_trusted(kind, name, package)
        }
        accepted -= {kind for kind, names in trust.TRUSTED_TYPES.items() if name in names}
        if inspect.isclass(found) and issubclass(found, BaseEstimator):
            accepted.discard("ObjectNode")
        if isinstance(found, np.ufunc) or name.startswith(trust.MODULES_OF_FUNCTIONS):
            accepted.discard("FunctionNode")
        assert not accepted, name


def test_only_listed_types_are_trusted() -> None:
    check_trusted([builtins, inspect, np, os, psutil, pytest, shutil, subprocess, trust])


def check_all_commands() -> None:
    """Check all modules that the commands of `digits`, and with them DVC, have loaded."""
    for module in commands.MODULES.values():
        import_module(module)
    check_trusted(filter(inspect.ismodule, list(sys.modules.values())))


@pytest.mark.variant
def test_only_listed_types_of_all_loaded_modules_are_trusted() -> None:
    # Other packages are not imported: some of them run programs of the system when they are.
    code = "from tests.core import test_security; test_security.check_all_commands()"
    tiny.run([sys.executable, "-c", code], tiny.ROOT)
