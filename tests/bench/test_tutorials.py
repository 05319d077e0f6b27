"""docs/tutorials.md and its notebooks: every command runs, every error is raised, every cell is executed."""

import json
import re
import shlex
import shutil
from pathlib import Path

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
CELLS = {name: json.loads(path.read_text(encoding="utf-8"))["cells"] for name, path in NOTEBOOKS.items()}
TEXTS = [PAGE, *("".join(cell["source"]) for cells in CELLS.values() for cell in cells if "outputs" not in cell)]
COMMANDS = sorted(
    {each for text in TEXTS for each in re.findall(r"(?:^\$ |`)((?:digits|dvc) [^`\n]+)", text, re.MULTILINE)}
)
ERRORS = re.findall(r"^\| `(.+?)` \| `(\S+Error: .+?)` \|", PAGE, re.MULTILINE)


def read(file: Path) -> Params:
    """Read a params.yaml, wherever it is."""
    return params.validate(Params, params.read_yaml(file.read_text(encoding="utf-8")))


PARAMS = read(tiny.ROOT / "params.yaml")


def in_the_tiny_project(command: str) -> str:
    """Return a command for the tiny project's data and experiments."""
    for name in sorted(PARAMS.experiments, key=len, reverse=True):
        detects = PARAMS.tasks[PARAMS.experiments[name].task].positive
        command = re.sub(rf"(?<![\w-]){name}(?![\w-])", f"<{detects is None:d}>", command)
    command = command.replace("<1>", "digit-logreg").replace("<0>", "five-sgd")
    names = "|".join(sorted([*PARAMS.splits, *PARAMS.datasets], key=len, reverse=True))
    command = re.sub(rf"(digits show|--dataset|fetch@) ?(?:{names})\b", r"\1 tiny", command).replace(
        "fetch@ ", "fetch@"
    )
    command = re.sub(r"\b\d{3}(\d\d)\b", r"\1", command)  # numbers of images
    return command.replace("--mistakes five-sgd", "--mistakes digit-logreg")  # the tiny detector of fives makes none


@pytest.mark.slow
def test_every_command_runs(project: Path) -> None:
    pixels = tiny.digits()[0][7].reshape(tiny.SHAPE)
    Image.fromarray(255 - 15 * pixels).resize((200, 200)).save(project / "photo.jpg")
    for command in dict.fromkeys(map(in_the_tiny_project, COMMANDS)):
        if not re.match("dvc exp run|digits pin", command):  # they have tests of their own
            assert tiny.run(command, project).stdout


@pytest.mark.parametrize("command", [command for command in COMMANDS if " -S " in command])
def test_every_run_changes_an_experiment_into_a_valid_one(tmp_path: Path, command: str) -> None:
    *_, override, target = shlex.split(command)
    file = Path(shutil.copy(tiny.ROOT / "params.yaml", tmp_path))
    apply_overrides(file, [override])  # as DVC does; an unknown key is an error
    check(changed := read(file))
    assert changed != PARAMS
    assert target.removeprefix("evaluate@") in changed.experiments


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("code", "message"), ERRORS)
def test_every_error_is_as_printed(code: str, message: str) -> None:
    x, y = pd.DataFrame(np.arange(2 * 784).reshape(2, 784)).add_prefix("pixel"), pd.Series(["5", "2"])
    given = {"x": x, "y": y, "x_train": x, "classifier": SGDClassifier().fit(x, y), "photo": np.zeros((1, 36))}
    more = {"LogisticRegression": LogisticRegression, "shuffled": np.array([1, 0])}
    kind, _, text = message.partition(": ")
    with pytest.raises((Exception, SyntaxError)) as raised:
        exec(code.replace("[36001])", "[1])"), globals() | given | more)
    assert raised.type.__name__ == kind.rpartition(".")[2]
    assert re.search(".*".join(map(re.escape, text.split("…"))), str(raised.value), re.DOTALL), raised.value


@pytest.mark.parametrize("name", CELLS)
def test_a_notebook_is_executed_in_order_without_a_warning(name: str) -> None:
    code = [cell for cell in CELLS[name] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)], "`make notebook`"
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
    assert not re.search(r"/site-packages|/home/|/tmp/|0x[0-9a-f]{6}", json.dumps(outputs))
    assert f"](notebooks/{name}.ipynb)" in PAGE
