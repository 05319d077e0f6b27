"""Measure the pipeline on more and more images, and print the tables of docs/large-data.md.

Runs the stages of docs/scale/large on 70,000, 700,000 and 8,100,000 images, one process per
stage. It takes forty minutes and 15 GB of disk space in TMPDIR. Other programs on the machine
would distort the times. If the servers of MNIST cannot be reached, set DATA_MIRROR.
"""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from bench import measuring

import yaml

LARGE = Path("docs", "scale", "large")
SIZES = [70_000, 700_000, 8_100_000]  # numbers of images


class Results(NamedTuple):
    """The results for one number of images."""

    memory: dict[str, float]  # the peak memory of each stage, in MiB
    microseconds: dict[str, float]  # the time of each stage per image
    error: dict[str, float]  # the error of each model on the test images, 0 to 1


def measure_sizes(folder: Path, quick: bool) -> list[str]:
    """Measure all stages with each number of images, and return three tables."""
    sizes = SIZES
    if quick:
        params = yaml.safe_load((LARGE / "params.yaml").read_text(encoding="utf-8"))
        n_images = params["datasets"]["mnist"]["images"]
        sizes = [n_images, 2 * n_images]
    results = {size: measure_size(folder / str(size) / "project", size) for size in sizes}

    memory = {size: results[size].memory for size in sizes}
    microseconds = {size: results[size].microseconds for size in sizes}
    error = {size: results[size].error for size in sizes}
    return [
        *make_table("peak memory, MiB", memory, ".0f", has_ratio=True),
        "",
        *make_table("microseconds per image", microseconds, ".1f", has_ratio=True),
        "",
        *make_table("error on MNIST's 10,000 test images", error, ".2%", has_ratio=False),
    ]


def measure_size(folder: Path, n_images: int) -> Results:
    """Run all stages in a new copy of the project, and delete the copy.

    Args:
        folder: the folder of the copy.
        n_images: the number of images after the enlargement.
    """
    project = measuring.clone_project(folder) / LARGE
    set_size(project, n_images)
    results = Results(memory={}, microseconds={}, error={})
    for command in measuring.list_commands(project):
        measuring.log(f"{n_images} images: {command}")
        run = measuring.run(project, *command.split())
        _, _, module, name = command.split()
        stage = module.rpartition(".")[2]
        results.memory[f"{stage}@{name}"] = run.memory
        results.microseconds[f"{stage}@{name}"] = 1e6 * run.seconds / n_images
        if stage == "evaluate":
            text = (project / "metrics" / f"{name}.json").read_text(encoding="utf-8")
            results.error[name] = 1 - json.loads(text)["accuracy"]
    shutil.rmtree(folder)
    return results


def set_size(project: Path, n_images: int) -> None:
    """Write the number of images after the enlargement into enlarged.yaml."""
    path = project / "enlarged.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["mnist"]["to"] = n_images
    path.write_text(yaml.safe_dump(values), encoding="utf-8")


def make_table(
    title: str, values: dict[int, dict[str, float]], number_format: str, has_ratio: bool
) -> list[str]:
    """Return a table with one column per number of images.

    Args:
        title: the heading of the first column.
        values: the values by number of images, and then by the name of a row.
        number_format: how to format a value.
        has_ratio: whether to add a column, the largest number of images ÷ the smallest one.
    """
    sizes = list(values)
    smallest = sizes[0]
    largest = sizes[-1]
    header = [title, *(f"{size:,}" for size in sizes)]
    if has_ratio:
        header.append(f"{largest:,} ÷ {smallest:,}")
    rows = []
    for name in values[smallest]:
        row = [f"`{name}`"]
        row.extend(format(values[size][name], number_format) for size in sizes)
        if has_ratio:
            ratio = values[largest][name] / values[smallest][name]
            row.append(f"{ratio:.2f} ×")
        rows.append(row)
    return measuring.format_table(header, rows)


if __name__ == "__main__":
    measuring.main(__doc__, {"scale": measure_sizes})
