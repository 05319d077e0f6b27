"""docs/tutorials.md: every command and every block runs, and every error is what Python says; the notebooks are its."""

import gzip
import re
import shlex
import shutil
import warnings
from pathlib import Path
from traceback import format_exception_only
from typing import Any

from bench.notebooks import notebooks
from digits.commands.check import check
from digits.support import parameters
from digits.support.parameters import Dataset, Experiment, Split
from tests import servers, tiny

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from PIL import Image
from sklearn.linear_model import LogisticRegression

PAGE = (tiny.ROOT / "docs/tutorials.md").read_text(encoding="utf-8")
PARAMS = parameters.load(tiny.ROOT / "params.yaml")
EXPERIMENTS = PARAMS.blocks(Experiment)
BLOCKS = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL)
COMMANDS = sorted({*re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE), *re.findall(r"`((?:digits|dvc) [^`]+)`", PAGE)})
ERRORS = re.findall(r"^\| `([^`]+)` \| `(\w[\w.]+: [^`]+)` \|", PAGE, re.MULTILINE)
SETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def in_the_tiny_project(text: str) -> str:
    """Return a command or a block of the page for the tiny project's data and experiments."""
    for name in sorted(EXPERIMENTS, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", f"<{EXPERIMENTS[name].task == 'class':d}>", text)
    text = text.replace("<1>", "digit-logreg").replace("<0>", "five-sgd")
    names = "|".join(sorted([*PARAMS.names(Split), *PARAMS.names(Dataset)], key=len, reverse=True))
    text = re.sub(rf"((?:digits show|--dataset|fetch@|data/raw/|data/split/) ?)(?:{names})\b", r"\1tiny", text)
    for theirs, ours in {
        "36000": "100",
        "36001": "101",
        "60000": "300",
        "47339": "7",
        "46730": "8",
        "48393": "9",
        "28, 28": "8, 8",
    }.items():
        text = re.sub(rf"\b{theirs}\b", ours, text)
    text = re.sub(r'"[\w-]+-\*"', '"*"', text)  # some of the experiments
    # The tiny detector of fives makes no mistake.
    return text.replace("36002", "102").replace("--mistakes five-sgd", "--mistakes digit-logreg")


@pytest.mark.slow
def test_every_command_runs(project: Path) -> None:
    pixels = tiny.digits()[0][7].reshape(tiny.SHAPE)
    Image.fromarray(255 - 15 * pixels).resize((200, 200)).save(project / "photo.jpg")
    for command in dict.fromkeys(map(in_the_tiny_project, COMMANDS)):
        if " exp run " not in command and " pin " not in command:  # they have tests of their own
            assert tiny.run(command, project).stdout or command == "dvc metrics diff"  # nothing has changed


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("dvc exp run")])
def test_every_run_changes_an_experiment_into_a_valid_one(tmp_path: Path, command: str) -> None:
    *_, override, target = shlex.split(command)
    file = Path(shutil.copy(tiny.ROOT / "params.yaml", tmp_path))
    apply_overrides(file, [override])  # as DVC does; an unknown key is an error
    params = parameters.load(file)
    check(params)
    name = target.removeprefix("evaluate@")
    assert params.block(Experiment, name) != EXPERIMENTS[name]


@pytest.mark.parametrize(("code", "printed"), BLOCKS)
def test_every_block_runs_and_prints_what_stands_below_it(project: Path, code: str, printed: str) -> None:
    output = tiny.run(["python", "-c", in_the_tiny_project(code)], project).stdout
    assert not printed or output.count("\n") == printed.count("\n")


def test_the_notebooks_are_the_page_s_executed_to_what_it_prints() -> None:
    assert len(notebooks()) == 5
    printed = []
    for name, made in notebooks().items():
        notebook = nbformat.read(tiny.ROOT / "notebooks" / name, as_version=4)  # type: ignore[no-untyped-call]
        assert [cell.source for cell in notebook.cells] == [cell.source for cell in made.cells], "`make notebook`"
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
        printed += [output.text for output in outputs if output.output_type == "stream"]
    assert sorted(printed) == sorted(text for _, text in BLOCKS)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """Return what the page's mistakes are made with: tables like those of `fetch_openml`, of noise, and a model."""
    pixels = np.random.RandomState(0).randint(0, 256, (10, 784))
    x = pd.DataFrame(pixels, columns=[f"pixel{i + 1}" for i in range(784)], index=[0, *range(36000, 36009)])
    y = pd.Series(np.arange(10), x.index)
    classifier = LogisticRegression().fit(x, y)
    return {
        "x": x,
        "y": y,
        "x_train": x,
        "shuffled": np.arange(1, 9),
        "photo": pixels[:1, :36],
        "classifier": classifier,
    }


@pytest.mark.parametrize(("code", "line"), ERRORS)
def test_a_mistake_gives_the_last_line_that_the_page_says(names: dict[str, Any], code: str, line: str) -> None:
    code = re.sub(r"iloc\[\d+\]", "iloc[0]", code)  # of fewer rows
    with warnings.catch_warnings():
        warnings.simplefilter("error" if line.startswith("UserWarning") else "ignore")
        with pytest.raises((Exception, UserWarning)) as error:
            exec(f"from sklearn.linear_model import LogisticRegression, SGDClassifier\n{code}", dict(names))
    said = " ".join("".join(format_exception_only(error.value)).splitlines()[-1:])
    said = re.sub(r"\. Did you mean: '\w+'\?$", "", said)  # which later Pythons add
    assert re.fullmatch(".*".join(map(re.escape, line.split("…"))), said.replace("\\n", " ")), said


@pytest.mark.slow
def test_a_harder_dataset_takes_one_block_and_a_pin(project: Path) -> None:
    """The page's blocks, with files of their form: 28 × 28, gzipped, and labels that begin at 1."""
    images = np.kron(tiny.digits()[0].reshape(-1, 8, 8), np.ones((1, 3, 3))).astype(np.uint8)
    images = np.pad(images, [(0, 0), (2, 2), (2, 2)])
    labels = tiny.digits()[1]
    fashion, emnist = SETS
    pairs = [["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]]
    pairs += [["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]]
    files = yaml.safe_load(emnist)["files"]

    def contents(of: list[list[str]], first: int) -> dict[str, bytes]:
        parts = zip(of, (slice(300), slice(300, None)), strict=True)
        each = [((a, images[rows]), (b, labels[rows] + np.uint8(first))) for (a, b), rows in parts]
        return {name: gzip.compress(tiny.idx_bytes(values)) for pair in each for name, values in pair}

    (project / "data/emnist").mkdir()
    for name, content in contents(files, 1).items():
        (project / "data/emnist" / name).write_bytes(content)
    with servers.serving(servers.files(contents(pairs, 0))) as server:
        [(name, block)] = yaml.safe_load(fashion).items()
        block["sources"] = [{"idx": server.url}]
        letters = {"shape": block["shape"], "sources": [{"idx": "data/emnist"}], "files": files}
        trees = tiny.experiment("fashion", "class", "scaled", "ensemble.ExtraTreesClassifier", 3)
        changes = {f"datasets.{name}": block, "datasets.letters": letters}
        for each in (name, "letters"):
            changes |= {
                f"splits.{each}": {"dataset": each, "test": 100},
                f"experiments.{each}": {**trees, "split": each},
            }
        tiny.edit(project, changes)
        said = [tiny.run(f"digits pin {each}", project).stdout for each in (name, "letters")]
        assert [line.split(" has ")[1] for line in said] == [
            f"400 images of 10 classes ({', '.join(block['names'])})\n",
            "400 images of 11 classes\n",
        ]
        tiny.repro(project, "evaluate@fashion", "evaluate@letters")
    for each in (name, "letters"):
        assert f"\n{each} " in tiny.run(f"digits leaderboard {each}", project).stdout
    tiny.run("digits report", project)
