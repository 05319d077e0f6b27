"""Run the pipeline, several models at a time."""

import fnmatch
import sys
import tempfile

from digits.commands import examples
from digits.core import params
from digits.core.errors import PipelineError, unknown_choice, warn
from digits.core.params import Params
from digits.repro.dvc_processes import (
    check_no_other_run,
    remove_damaged_path_locks,
    start_dvc,
)
from digits.repro.pool import run_models
from digits.repro.repository import (
    find_outdated_stages,
    order_by_model_size,
    read_lock_order,
    restore_lock_order,
)

import click
import joblib
import psutil

# What one model takes at most with MNIST, and what share of the memory all models may take.
BYTES_PER_MODEL = 2 * 1024**3
MAX_MEMORY_SHARE = 0.6


def parse_jobs(ctx: click.Context, param: click.Parameter, value: str | None) -> int:
    """Return the number of jobs that the option --jobs gives; 1 without the option."""
    if value is None:
        return 1
    if value == "auto":
        return suitable_job_count()
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a number from 1 nor `auto`")


def suitable_job_count() -> int:
    """Return a number of jobs that suits the cores and the memory of this machine."""
    allowed_bytes = psutil.virtual_memory().total * MAX_MEMORY_SHARE
    n_models_in_memory = int(allowed_bytes / BYTES_PER_MODEL)
    return max(1, min(joblib.cpu_count(), n_models_in_memory))


@click.command(
    epilog=examples("repro", "repro --jobs auto", "repro --jobs 2 'small-*'", "repro digit-knn")
)
@click.argument("patterns", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--jobs", callback=parse_jobs, metavar="N", help="Run N models at a time, or auto."
)
def command(patterns: tuple[str, ...], jobs: int) -> None:
    """Run the stages that an edit affects, as `dvc repro` does, several models at a time.

    MODEL is the name of a model or a pattern, such as 'small-*'. Without MODEL, the whole
    pipeline is run. Without --jobs, one stage runs after another.

    If a model fails, the others go on.
    """
    settings = params.load()
    model_names = select_models(settings, patterns)
    targets = [f"evaluate@{name}" for name in model_names] if patterns else []
    check_no_other_run()
    remove_damaged_path_locks()
    outdated = find_outdated_stages(targets)
    if not outdated:
        print("Nothing to do: all stages are up to date.")
        return

    from digits.commands.check import check  # it imports scikit-learn, which takes a second

    check(settings)
    if jobs == 1:
        run_dvc_repro(targets)
        return

    # First run the stages before the models, which several models share.
    lock_order = read_lock_order()
    is_of_model = [stage.startswith(("train@", "evaluate@")) for stage in outdated]
    if not all(is_of_model):
        tasks = {settings.models[name].task for name in model_names}
        run_dvc_repro([f"binarize@{task}" for task in sorted(tasks)])
        outdated = find_outdated_stages(targets)

    outdated_models = [
        name
        for name in model_names
        if f"train@{name}" in outdated or f"evaluate@{name}" in outdated
    ]
    errors = run_models(order_by_model_size(outdated_models), jobs)
    restore_lock_order(lock_order, targets)
    if errors:
        for name, error in errors.items():
            warn(f"{name}: {error}")
        again = f"digits repro --jobs {jobs} {' '.join(errors)}"
        raise PipelineError(f"{len(errors)} of {len(outdated_models)} failed; again: `{again}`")
    prove_nothing_is_left(targets)


def select_models(settings: Params, patterns: tuple[str, ...]) -> list[str]:
    """Return the names of the models that match one of the patterns; without any, all names.

    Raises:
        PipelineError: a pattern matches no model.
    """
    if not patterns:
        return list(settings.models)
    selected = []
    for pattern in patterns:
        matching = fnmatch.filter(settings.models, pattern)
        if not matching:
            raise unknown_choice("MODEL", pattern, settings.models)
        selected += matching
    return list(dict.fromkeys(selected))  # without repetitions


def run_dvc_repro(targets: list[str]) -> None:
    """Run `dvc repro` in the terminal, and exit with its status if it fails."""
    status = start_dvc(["repro", *targets]).wait()
    if status != 0:
        sys.exit(status)


def prove_nothing_is_left(targets: list[str]) -> None:
    """Run `dvc repro` once more. It prints nothing if it has nothing to run.

    It may run a stage of dvc.yaml that belongs to no model.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        status = start_dvc(["repro", *targets], output).wait()
        output.seek(0)
        text = output.read()
    if status != 0 or "Running stage" in text:
        print(text)
    if status != 0:
        sys.exit(status)
