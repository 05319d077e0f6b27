"""docs/tutorials.md: every command and every block runs."""

import re
import shlex
import shutil
from pathlib import Path

from digits.commands.check import check
from digits.support import parameters
from digits.support.parameters import Dataset, Experiment, Split
from tests import tiny

import pytest
from dvc.utils.hydra import apply_overrides
from PIL import Image

PAGE = (tiny.ROOT / "docs/tutorials.md").read_text(encoding="utf-8")
PARAMS = parameters.load(tiny.ROOT / "params.yaml")
EXPERIMENTS = PARAMS.blocks(Experiment)
BLOCKS = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL)
COMMANDS = sorted(set(re.findall(r"`((?:digits|dvc) [^`]+)`", PAGE)))


def in_the_tiny_project(text: str) -> str:
    """Return a command or a block of the page for the tiny project's data and experiments."""
    for name in sorted(EXPERIMENTS, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", f"<{EXPERIMENTS[name].task == 'digit':d}>", text)
    text = text.replace("<1>", "digit-logreg").replace("<0>", "five-sgd")
    names = "|".join(sorted([*PARAMS.names(Split), *PARAMS.names(Dataset)], key=len, reverse=True))
    text = re.sub(rf"((?:digits show|--dataset|fetch@|data/raw/) ?)(?:{names})\b", r"\1tiny", text)
    for theirs, ours in {"36000": "100", "36001": "101", "60000": "300", "28, 28": "8, 8"}.items():
        text = re.sub(rf"\b{theirs}\b", ours, text)
    # The tiny detector of fives makes no mistake.
    return text.replace("36002", "102").replace("--mistakes five-sgd", "--mistakes digit-logreg")


@pytest.mark.slow
def test_every_command_runs(project: Path) -> None:
    pixels = tiny.digits()[0][7].reshape(tiny.SHAPE)
    Image.fromarray(255 - 15 * pixels).resize((200, 200)).save(project / "photo.jpg")
    for command in dict.fromkeys(map(in_the_tiny_project, COMMANDS)):
        if " exp run " not in command:
            assert tiny.run(command, project).stdout


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
