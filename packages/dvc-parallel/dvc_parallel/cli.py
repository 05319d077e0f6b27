"""The command `dvc-parallel`."""

from typing import Any

import click
import joblib
import psutil

from .run import run_stages

BYTES_PER_STAGE = 2 * 1024**3  # enough to train a model on 60,000 small images
MAX_MEMORY_SHARE = 0.6  # of the memory of the machine, for all stages together


def parse_jobs(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Return the number of jobs that the option --jobs gives."""
    if value == "auto":
        return suitable_job_count()
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"must be a positive number or `auto`, not {value!r}")


def suitable_job_count() -> int:
    """Return a number of jobs that suits the cores and the memory of this machine."""
    allowed_bytes = psutil.virtual_memory().total * MAX_MEMORY_SHARE
    n_stages_in_memory = int(allowed_bytes / BYTES_PER_STAGE)
    return max(1, min(joblib.cpu_count(), n_stages_in_memory))


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--jobs",
    callback=parse_jobs,
    metavar="N",
    default="1",
    show_default=True,
    help="Run N stages at a time, or `auto`.",
)
@click.option("--force", is_flag=True, help="Run stages that are up to date, too.")
@click.option(
    "--single-item", is_flag=True, help="Leave out the stages that TARGET depends on."
)
@click.option("--dry", is_flag=True, help="Print which stages may run, and run none.")
def main(**options: Any) -> None:
    """Run the outdated stages of a DVC project, as `dvc repro` does, or several at a time."""
    run_stages(**options)
