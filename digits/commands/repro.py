"""Run the pipeline, several models at a time."""

import sys
import tempfile

from digits.commands import examples, select_models
from digits.core import params
from digits.core.errors import UserError, warn
from digits.core.params import Params
from digits.repro.dvc_processes import (
    check_no_other_run,
    remove_damaged_path_locks,
    start_dvc,
)
from digits.repro.pool import run_all
from digits.repro.repository import (
    find_outdated_stages,
    order_by_model_size,
    read_locked_stages,
    restore_lock_order,
)

import click
import joblib
import psutil

BYTES_PER_MODEL = 2 * 1024**3  # the most that training a model of MNIST takes
MAX_MEMORY_SHARE = 0.6  # of the memory of the machine, for all models together


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
    n_models_in_memory = int(allowed_bytes / BYTES_PER_MODEL)
    return max(1, min(joblib.cpu_count(), n_models_in_memory))


@click.command(
    epilog=examples("repro", "repro --jobs auto", "repro --jobs 2 'small-*'", "repro digit-knn")
)
@click.argument("patterns", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--jobs",
    callback=parse_jobs,
    metavar="N",
    default="1",
    show_default=True,
    help="Run N models at a time, or `auto`.",
)
def command(patterns: tuple[str, ...], jobs: int) -> None:
    """Run the outdated stages, as `dvc repro` does, but several models at a time.

    MODEL is the name of a model or a pattern, such as 'small-*'. Without MODEL, the whole
    pipeline is run. `--jobs auto` chooses a number that suits the cores and the memory of this
    machine.

    With several models at a time, the others go on if one fails.
    """
    settings = params.load()
    model_names = select_all_models(settings, patterns)
    # Without targets, DVC runs the whole pipeline.
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

    run_in_parallel(settings, model_names, targets, outdated, jobs)


def run_in_parallel(
    settings: Params, model_names: list[str], targets: list[str], outdated: set[str], jobs: int
) -> None:
    """Run the outdated stages: first those that models share, then those of the models.

    Each dataset has one process, which runs its stages `fetch`, `split` and `binarize` one
    after another. When all datasets are done, each model has one process. If a dataset fails,
    no model is started.

    Args:
        settings: the content of params.yaml.
        model_names: the models to train and evaluate, if they are outdated.
        targets: their last stages, or nothing for the whole pipeline.
        outdated: the names of the outdated stages.
        jobs: how many models run at a time.

    Raises:
        UserError: some datasets or models failed.
    """
    lock_order = list(read_locked_stages())
    try:
        datasets = list_dataset_commands(settings, model_names, outdated)
        errors = run_all("datasets", datasets, jobs)
        remedy = "to retry, run the same command again"
        report_errors(errors, f"{len(errors)} of {len(datasets)} datasets failed; {remedy}")
        if datasets:
            outdated = find_outdated_stages(targets)

        models = list_model_commands(model_names, outdated)
        errors = run_all("models", models, jobs)
        remedy = f"to retry them, run `digits repro --jobs {jobs} {' '.join(errors)}`"
        report_errors(errors, f"{len(errors)} of {len(models)} models failed; {remedy}")
    finally:
        restore_lock_order(lock_order)
    run_remaining_stages(targets)


def list_dataset_commands(
    settings: Params, model_names: list[str], outdated: set[str]
) -> dict[str, list[str]]:
    """Return how to run the stages that models share, for each dataset with an outdated one.

    Args:
        settings: the content of params.yaml.
        model_names: the models.
        outdated: the names of the outdated stages.

    Returns:
        the arguments of `dvc repro` for each dataset. They name the stages `binarize`. DVC runs
        the stages `fetch` and `split` before them.
    """
    commands: dict[str, list[str]] = {}
    for task in sorted({settings.models[name].task for name in model_names}):
        split = settings.tasks[task].split
        dataset = settings.dataset_name_of_task(task)
        shared_stages = {f"fetch@{dataset}", f"split@{split}", f"binarize@{task}"}
        if not shared_stages.isdisjoint(outdated):
            commands.setdefault(dataset, []).append(f"binarize@{task}")
    return commands


def list_model_commands(model_names: list[str], outdated: set[str]) -> dict[str, list[str]]:
    """Return how to train and evaluate each outdated model, the largest one first.

    Args:
        model_names: the models.
        outdated: the names of the outdated stages.

    Returns:
        the arguments of `dvc repro` for each model.
    """
    commands = {}
    for name in order_by_model_size(model_names):
        stages = [f"train@{name}", f"evaluate@{name}"]
        # The stages before them, which models share, have already run.
        if not outdated.isdisjoint(stages):
            commands[name] = ["--single-item", *stages]
    return commands


def report_errors(errors: dict[str, str], summary: str) -> None:
    """Print the error of each model or dataset that failed, and fail if there is one.

    Args:
        errors: the errors by the names of the models or datasets.
        summary: the last line, if there is an error.

    Raises:
        UserError: there is an error.
    """
    if not errors:
        return
    for name, error in errors.items():
        warn(f"{name}: {error}")
    raise UserError(summary)


def select_all_models(settings: Params, patterns: tuple[str, ...]) -> list[str]:
    """Return the names of the models that match a pattern, or all if there are no patterns.

    Raises:
        UserError: a pattern matches no model.
    """
    if not patterns:
        return list(settings.models)
    selected = []
    for pattern in patterns:
        selected += select_models("MODEL", pattern, settings.models)
    return list(dict.fromkeys(selected))  # without repetitions


def run_dvc_repro(targets: list[str]) -> None:
    """Run `dvc repro` in the terminal, and exit with its status if it fails."""
    status = start_dvc(["repro", *targets]).wait()
    if status != 0:
        sys.exit(status)


def run_remaining_stages(targets: list[str]) -> None:
    """Run `dvc repro`, which proves that nothing is left to run.

    If dvc.yaml has stages that belong to no model, DVC runs them now. Its output is printed
    only if a stage ran, or failed.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        status = start_dvc(["repro", *targets], output).wait()
        output.seek(0)
        text = output.read()
    if status != 0 or "Running stage" in text:
        print(text)
    if status != 0:
        sys.exit(status)
