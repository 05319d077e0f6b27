"""docs/tutorials.md and its notebooks: all commands, errors and cells are as printed."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

from bench.notebooks import NOTEBOOKS
from digits.commands.check import check
from digits.core import params
from digits.core.params import Params
from tests import tiny

import numpy as np
import pandas as pd
import pytest
from dvc.utils.hydra import apply_overrides
from PIL import Image
from sklearn.linear_model import LogisticRegression, SGDClassifier

PAGE = (tiny.ROOT / "docs/tutorials.md").read_text(encoding="utf-8")
ERRORS = re.findall(r"^\| `(.+?)` \| `(\S+Error: .+?)` \|", PAGE, re.MULTILINE)


def read_cells(name: str) -> list[dict[str, Any]]:
    """Return the cells of a notebook."""
    return json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))["cells"]


def list_commands() -> list[str]:
    """Return the commands in the page and in the texts of the notebooks."""
    texts = [PAGE]
    for name in NOTEBOOKS:
        for cell in read_cells(name):
            if cell["cell_type"] == "markdown":
                texts.append("".join(cell["source"]))
    commands = set()
    for text in texts:
        commands |= set(re.findall(r"(?:^\$ |`)((?:digits|dvc) [^`\n]+)", text, re.MULTILINE))
    return sorted(commands)


COMMANDS = list_commands()


def read_params(path: Path) -> Params:
    """Read a params.yaml in any folder."""
    return params.validate(Params, params.read_yaml(path.read_text(encoding="utf-8")))


PARAMS = read_params(tiny.ROOT / "params.yaml")


def adapt(command: str) -> str:
    """Return a command for the data and the models of the tiny project."""
    # Longer names first, because they may contain shorter ones.
    for name in sorted(PARAMS.models, key=len, reverse=True):
        is_binary = PARAMS.task(PARAMS.model(name).task).positive is not None
        placeholder = "<binary>" if is_binary else "<digits>"
        command = re.sub(rf"(?<![\w-]){name}(?![\w-])", placeholder, command)
    command = command.replace("<digits>", "digit-logreg").replace("<binary>", "five-sgd")

    names = sorted([*PARAMS.splits, *PARAMS.datasets], key=len, reverse=True)
    options = re.compile(rf"(digits show |--dataset |fetch@)(?:{'|'.join(names)})\b")
    command = options.sub(r"\1tiny", command)
    # Numbers of images have at most three digits there.
    command = re.sub(r"\b\d{3}(\d\d)\b", r"\1", command)
    # The tiny detector of fives makes no mistakes.
    return command.replace("--mistakes five-sgd", "--mistakes digit-logreg")


@pytest.mark.slow
def test_every_command_runs(project: Path) -> None:
    pixels, _ = tiny.digits()
    five = 255 - 15 * pixels[5].reshape(tiny.SHAPE)
    Image.fromarray(five).resize((200, 200)).save(project / "photo.jpg")
    commands = {adapt(command) for command in COMMANDS}
    for command in sorted(commands):
        has_own_test = re.match("dvc exp run|digits pin", command)
        if not has_own_test:
            assert tiny.run(command, project).stdout


OVERRIDES = [command for command in COMMANDS if " -S " in command]


@pytest.mark.parametrize("command", OVERRIDES)
def test_every_dvc_exp_run_makes_a_valid_change(tmp_path: Path, command: str) -> None:
    *_, override, target = shlex.split(command)
    path = Path(shutil.copy(tiny.ROOT / "params.yaml", tmp_path))
    apply_overrides(path, [override])  # as DVC does; an unknown key is an error
    changed = read_params(path)
    check(changed)
    assert changed != PARAMS
    assert target.removeprefix("evaluate@") in changed.models


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("code", "message"), ERRORS)
def test_every_error_is_as_printed(code: str, message: str) -> None:
    pixels = np.arange(2 * 784).reshape(2, 784)
    x = pd.DataFrame(pixels).add_prefix("pixel")
    y = pd.Series(["5", "2"])
    variables = {
        "x": x,
        "y": y,
        "x_train": x,
        "classifier": SGDClassifier().fit(x, y),
        "photo": np.zeros((1, 36)),
        "LogisticRegression": LogisticRegression,
        "shuffled": np.array([1, 0]),
    }
    error_type, _, text = message.partition(": ")
    with pytest.raises((Exception, SyntaxError)) as raised:
        exec(code.replace("[36001])", "[1])"), globals() | variables)
    assert raised.type.__name__ == error_type.rpartition(".")[2]
    # The page may leave out parts of a message.
    pattern = ".*".join(re.escape(part) for part in text.split("…"))
    assert re.search(pattern, str(raised.value), re.DOTALL), raised.value


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_was_executed_in_order_without_a_warning(name: str) -> None:
    code_cells = [cell for cell in read_cells(name) if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in code_cells]
    assert counts == list(range(1, len(code_cells) + 1)), "run `make notebook`"
    for cell in code_cells:
        for output in cell["outputs"]:
            assert output.get("name", "stdout") == "stdout"
            assert not re.search(
                r"/site-packages|/home/|/tmp/|0x[0-9a-f]{6}", json.dumps(output)
            )
    assert f"](notebooks/{name}.ipynb)" in PAGE
