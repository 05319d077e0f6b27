"""Run the outdated stages, optionally several at a time."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from digits.commands import examples
from digits.messages.errors import UserError
from digits.messages.git import check_git, has_repository
from digits.networks import list_files
from digits.results.committed import warn_about_processor
from digits.running.storage import warn_about_unstored
from digits.settings import params_file

try:
    from dvc_parallel.cli import main
    from dvc_parallel.run import run_stages
except ModuleNotFoundError as error:
    if error.name != "dvc_parallel":
        raise
    raise UserError(
        "`digits repro` needs the package dvc-parallel; run `python -m pip install "
        "./packages/dvc-parallel`, or `dvc repro`, which runs one stage at a time"
    ) from None


@click.command(
    params=main.params,
    epilog=examples(
        "repro", "repro --jobs auto", "repro --jobs 2 'small-*'", "repro digit-knn"
    ),
)
def command(**options: Any) -> None:
    """Run the outdated stages, as `dvc repro` does, or several at a time with --jobs.

    TARGET is the name of a model, a pattern such as 'small-*', or a target of `dvc repro`.
    Without TARGET, the whole pipeline is run. `--jobs auto` chooses a number that suits the
    cores and the memory of this machine.

    If a stage fails, the stages that do not depend on it go on. The options have the names
    and meanings of `dvc repro`.
    """
    settings = params_file.load()
    if not has_repository():
        raise UserError(
            "this folder is not in a Git repository, which DVC needs; run `git init`, then "
            "`digits setup`"
        )
    check_git()
    # `python` in dvc.yaml must be the one of this environment, even if it is not activated.
    folder = Path(sys.executable).parent
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"

    def check_models() -> None:
        from digits.commands.check import check  # it imports scikit-learn: a second

        check(settings)

    run_stages(**options, check=check_models)
    warn_about_processor()
    for dataset in settings.datasets.values():
        warn_about_unstored(dataset.sources, list_files(dataset))
