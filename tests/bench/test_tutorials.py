"""docs/tutorials.md: every command and block runs, every figure is the one in the file that it comes from."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

from bench import classifiers
from digits.commands.check import check
from digits.io import paths
from digits.learning import registry
from digits.results.intervals import accuracy_interval
from digits.support import parameters
from digits.support.parameters import Dataset, Experiment, Split
from tests import tiny

import pandas as pd
import pytest
from dvc.utils.hydra import apply_overrides
from PIL import Image

PAGE = (tiny.ROOT / "docs/tutorials.md").read_text(encoding="utf-8")
BENCHMARKS = (tiny.ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
PARAMS = parameters.load(tiny.ROOT / "params.yaml")
EXPERIMENTS = PARAMS.blocks(Experiment)
BLOCKS = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL)
COMMANDS = sorted(set(re.findall(r"`((?:python|dvc|git|make|jupyter) [^`]+)`", PAGE)))
NUMBER = r"\d+\.\d+|\d{3,}"


def in_the_tiny_project(text: str) -> str:
    """Return a command or a block of the page for the tiny project's data and experiments."""
    for name in sorted(EXPERIMENTS, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", f"<{EXPERIMENTS[name].task == 'digit':d}>", text)
    text = text.replace("<1>", "digit-logreg").replace("<0>", "five-sgd")
    names = "|".join(sorted([*PARAMS.names(Split), *PARAMS.names(Dataset)], key=len, reverse=True))
    text = re.sub(rf"((?:tools\.show|--row|fetch@|data/raw/) ?)(?:{names})\b", r"\1tiny", text)
    for theirs, ours in {"36000": "100", "36001": "101", "60000": "300", "28, 28": "8, 8"}.items():
        text = re.sub(rf"\b{theirs}\b", ours, text)
    # The tiny detector of fives makes no mistake.
    return text.replace("36002", "102").replace("--mistakes five-sgd", "--mistakes digit-logreg")


RUNNABLE = dict.fromkeys(in_the_tiny_project(command) for command in COMMANDS if " exp run " not in command)


@pytest.mark.parametrize("command", RUNNABLE)
def test_every_command_runs(project: Path, command: str) -> None:
    match shlex.split(command):
        case ["make", target]:
            assert f"\n{target}:" in (tiny.ROOT / "Makefile").read_text(encoding="utf-8")
        case ["jupyter", "lab", notebook]:
            assert (tiny.ROOT / notebook).exists()
        case ["python", "-m", "bench.classifiers"]:
            assert "usage" in tiny.run([*shlex.split(command), "--help"], tiny.ROOT).stdout
        case words:
            pixels = tiny.digits()[0][7].reshape(tiny.SHAPE)
            Image.fromarray(255 - 15 * pixels).resize((200, 200)).save(project / "photo.jpg")
            assert tiny.run(words, project).stdout or words[0] == "git"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("dvc exp run")])
def test_every_run_changes_an_experiment_into_a_valid_one(tmp_path: Path, command: str) -> None:
    override, target = re.fullmatch(r"dvc exp run -S (\S+) evaluate@(\S+)", command).groups()  # type: ignore[union-attr]
    file = Path(shutil.copy(tiny.ROOT / "params.yaml", tmp_path))
    apply_overrides(file, [override])  # as DVC does; an unknown key is an error
    params = parameters.load(file)
    check(params)
    changed = params.block(Experiment, target)
    assert changed != EXPERIMENTS[target]


@pytest.mark.parametrize(("code", "printed"), BLOCKS)
def test_every_block_runs_and_prints_what_stands_below_it(project: Path, code: str, printed: str) -> None:
    output = tiny.run(["python", "-c", in_the_tiny_project(code)], project).stdout
    assert output.count("\n") == (printed.count("\n") if printed else output.count("\n"))
    if (
        set(re.findall(r'"(data/.+?)"', code)) == {"data/raw/mnist.parquet"}
        and (tiny.ROOT / paths.raw("mnist")).exists()
    ):
        assert tiny.run(["python", "-c", code], tiny.ROOT).stdout == printed


def figures(name: str) -> list[float]:
    """Return an experiment's figures as evaluated, its counts, and the bounds of its accuracies."""
    table = pd.read_csv(tiny.ROOT / paths.plots(name) / "figures.csv")
    counts = pd.read_csv(tiny.ROOT / paths.plots(name) / "confusion.csv")
    found: list[float] = [*table["value"], *counts["count"]]
    for _, of_part in counts.groupby("part"):
        right = of_part.query("actual == predicted")["count"].sum()
        found += accuracy_interval(int(right), int(of_part["count"].sum()))
    return found


CELLS = [
    (name, rest)
    for name, rest in re.findall(r"\| `([\w-]+)`: ([^|]+) \|", PAGE)
    if (tiny.ROOT / paths.plots(name)).exists()
]


@pytest.mark.parametrize(("name", "cell"), CELLS)
def test_every_figure_of_an_experiment_is_that_of_its_tables(name: str, cell: str) -> None:
    numbers = re.findall(NUMBER, cell.replace("float32", ""))
    assert numbers
    measured = figures(name)
    for number in numbers:
        decimals = len(number.partition(".")[2])
        assert number in {f"{value:.{decimals}f}" for value in measured}, f"{name}: {number}"


def test_figures_from_elsewhere_are_the_ones_that_stand_there() -> None:
    assert len(CELLS) > 20
    assert len(COMMANDS) > 20
    tutorials = {name: block.tutorial for name, block in EXPERIMENTS.items() if block.tutorial}
    for name, text in tutorials.items():
        assert all(number in PAGE for number in re.findall(NUMBER, text)), name
    seeds = PAGE.partition("Over [ten seeds]")[2].partition("\n## ")[0]
    differences = re.findall(r"([+-]\S+) \((\S+ to \S+)\)", seeds)
    assert len(differences) == 5
    assert all(f"| {mean} | {interval} |" in BENCHMARKS for mean, interval in differences)
    assert "2.68" in BENCHMARKS


def test_the_table_of_classifiers_has_each_and_is_in_order() -> None:
    skipped = registry.is_partial, registry.is_density
    names = [name for name in registry.names("classifiers") if not any(is_kind(name) for is_kind in skipped)]
    table = PAGE.partition("writes this: classifiers")[2].partition("<!-- end")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \|", table, re.MULTILINE)
    assert sorted(row[0] for row in rows) == sorted(names)
    accuracies = [float(row[1]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    for _, accuracy, *bounds in rows:
        right = round(float(accuracy) / 100 * classifiers.ROWS)
        near = (accuracy_interval(count, classifiers.ROWS) for count in (right - 1, right, right + 1))
        assert bounds in [[f"{100 * bound:.2f}" for bound in interval] for interval in near]


def test_classifiers_are_measured_out_of_fold() -> None:
    pixels, classes = tiny.digits()
    measured: dict[str, Any] = {
        name: classifiers.measure(name, pixels, classes, 42) for name in ("dummy", "decision_tree", "k_neighbors")
    }
    header, _, *rows = classifiers.lines(measured)
    assert header.count("|") == len(classifiers.HEADER) + 1
    assert [row.split("`")[1] for row in rows] == ["k_neighbors", "decision_tree", "dummy"]
    assert 0.8 < measured["k_neighbors"].right.mean() < 1
    assert " – | " in rows[0]
