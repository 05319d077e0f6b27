"""A plugin of pytest that lets DVC's own tests call this package instead of `dvc repro`.

The variable DVC_PARALLEL_MODE says how: with a number of jobs in the process of the tests, or as
a `process` of its own with two jobs.
"""

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dvc.exceptions import DvcException, ReproductionError
from dvc.repo import Repo
from dvc.stage import Stage

from dvc_parallel.limits import Limits
from dvc_parallel.options import Options
from dvc_parallel.project import Project
from dvc_parallel.run import Run

MODE = os.environ.get("DVC_PARALLEL_MODE", "1")
NAMES = set(Options.__dataclass_fields__)


@pytest.fixture(autouse=True)
def _calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `Repo.reproduce` be this package in each test."""
    monkeypatch.setattr(Repo, "reproduce", in_process if MODE.isdecimal() else as_process)


def split_options(
    repo: Repo, targets: str | Iterable[str] | None, options: dict[str, Any]
) -> tuple[list[str], dict[str, bool], bool]:
    """Return the targets, the fields of `Options`, and whether to run nothing."""
    names = [targets] if isinstance(targets, str) else list(targets or [])
    options = {name: value for name, value in options.items() if value is not None}
    is_dry = bool(options.pop("dry", False))
    options["no_run_cache"] = not options.pop("run_cache", True)
    options["ignore_errors"] = options.pop("on_error", "fail") == "ignore"
    if repo.config["core"].get("interactive"):
        options["interactive"] = True
    return names, {name: bool(options[name]) for name in NAMES & options.keys()}, is_dry


def in_process(repo: Repo, targets: Any = None, **options: Any) -> list[Stage]:
    """Do what `Repo.reproduce` does, in this process."""
    names, fields, is_dry = split_options(repo, targets, options)
    repo._reset()
    project = Project(repo, names, Options(**fields))
    if is_dry:
        return project.plan.stages
    if not project.plan.stages:
        return []
    run = Run(project, int(MODE), Limits([]))
    run.run()
    repo._reset()
    errors = run.results.errors
    if errors and not fields.get("ignore_errors"):
        failed = ", ".join(repr(stage.addressing) for stage in errors)
        error = next(iter(errors.values()))
        raise ReproductionError(f"failed to reproduce {failed}") from error
    return project.reproduced


def as_process(repo: Repo, targets: Any = None, **options: Any) -> list[Stage]:
    """Do what `Repo.reproduce` does, in another process."""
    names, fields, is_dry = split_options(repo, targets, options)
    words = [f"--{name.replace('_', '-')}" for name, value in fields.items() if value]
    repo._reset()
    repo.close()
    with TemporaryDirectory() as folder:
        # `python -m` would import a script of the test whose name is that of a module.
        script = str(Path(sys.executable).with_name("dvc-parallel"))
        command = [script, "--jobs", "2", *words]
        if is_dry:
            command.append("--dry")
        command += ["--json", f"{folder}/run.json", "--", *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr, sep="\n")
        repo._reset()
        if done.returncode != 0:
            raise ReproductionError("failed to reproduce") from DvcException(done.stderr)
        if is_dry:
            ran = [] if done.stdout.startswith("Nothing to do") else done.stdout.split()
        else:
            with pathlib.Path(f"{folder}/run.json").open(encoding="utf-8") as file:
                stages = json.load(file)["stages"]
            ran = [each["stage"] for each in stages if each["outcome"] in {"run", "restored"}]
    by_name = {stage.addressing: stage for stage in repo.index.stages}
    return [by_name[name] for name in ran]
