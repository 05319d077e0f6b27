"""A plugin of pytest that lets DVC's own tests call this package instead of `dvc repro`.

The variable DVC_PARALLEL_JOBS is its number of jobs.
"""

import os
from collections.abc import Iterable
from typing import Any

import pytest
from dvc.exceptions import ReproductionError
from dvc.repo import Repo
from dvc.stage import Stage

from dvc_parallel.limits import Limits
from dvc_parallel.options import Options
from dvc_parallel.project import Project
from dvc_parallel.run import Run

N_JOBS = int(os.environ.get("DVC_PARALLEL_JOBS", "1"))
NAMES = set(Options.__dataclass_fields__)


@pytest.fixture(autouse=True)
def _calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `Repo.reproduce` be this package in each test."""
    monkeypatch.setattr(Repo, "reproduce", reproduce)


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


def reproduce(repo: Repo, targets: Any = None, **options: Any) -> list[Stage]:
    """Do what `Repo.reproduce` does with several jobs."""
    names, fields, is_dry = split_options(repo, targets, options)
    repo._reset()
    project = Project(repo, names, Options(**fields))
    if is_dry:
        return project.plan.stages
    if not project.plan.stages:
        return []
    run = Run(project, N_JOBS, Limits([]))
    run.run()
    repo._reset()
    errors = run.results.errors
    if errors and not fields.get("ignore_errors"):
        failed = ", ".join(repr(stage.addressing) for stage in errors)
        error = next(iter(errors.values()))
        raise ReproductionError(f"failed to reproduce {failed}") from error
    return project.reproduced
