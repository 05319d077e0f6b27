"""The command `dvc-parallel`."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from .cores import count_cores
from .memory import find_memory_limit
from .run import run_stages

BYTES_PER_STAGE = 2 * 1024**3  # enough to train a model on 60,000 small images
MAX_MEMORY_SHARE = 0.6  # of the memory that this process may use, for all stages together


def parse_jobs(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Return the number of jobs that the option --jobs gives."""
    if value == "auto":
        return suitable_job_count()
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"must be a positive number or `auto`, not {value!r}")


def suitable_job_count() -> int:
    """Return a number of jobs that suits the cores and the memory that this process may use."""
    allowed_bytes = find_memory_limit() * MAX_MEMORY_SHARE
    n_stages_in_memory = int(allowed_bytes / BYTES_PER_STAGE)
    return max(1, min(count_cores(), n_stages_in_memory))


flag = partial(click.option, is_flag=True)


# The names, short names and meanings are those of `dvc repro`.
@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--jobs",
    "-j",
    callback=parse_jobs,
    metavar="N",
    default="1",
    show_default=True,
    help="Run N stages at a time, or `auto`.",
)
@flag("--force", "-f", help="Run stages that are up to date, too.")
@flag("--single-item", "-s", help="Leave out the stages that TARGET depends on.")
@flag("--dry", help="Print which stages may run, and run none.")
@flag("--pipeline", "-p", help="Run all stages that are connected with TARGET.")
@flag("--all-pipelines", "-P", help="Run all stages of the repository.")
@flag("--recursive", "-R", help="Run all stages in the folder TARGET.")
@flag("--glob", help="Let TARGET be a pattern behind the path of a dvc.yaml file, too.")
@flag("--downstream", help="Run TARGET and the stages that depend on it.")
@flag("--force-downstream", help="Run all stages that depend on a stage that runs.")
@flag("--pull", help="Pull missing files from the remote.")
@flag("--allow-missing", help="Skip stages with missing files and no other change.")
@flag("--no-commit", help="Do not put outputs into the cache.")
@flag("--no-run-cache", help="Run commands even if the run cache has their outputs.")
@flag(
    "--keep-going",
    "-k",
    expose_value=False,
    help="Go on after a failure, which is the default here.",
)
@flag("--ignore-errors", help="Run the stages that depend on a failed one, too.")
@flag("--interactive", "-i", help="Ask before running each stage.")
@click.option("--json", "json_file", metavar="FILE", help="Write how each stage has ended.")
def main(**options: Any) -> None:
    """Run the outdated stages of a DVC project, as `dvc repro` does, or several at a time."""
    run_stages(**options)
