"""docs/tutorials.md: every command and every block runs; the notebooks are its."""

import contextlib
import re
import shlex
import shutil
import warnings
from pathlib import Path

from bench.notebooks import notebooks
from digits.commands.check import check
from digits.core import params
from digits.core.params import Params
from tests import tiny

import nbformat
import pytest
from dvc.utils.hydra import apply_overrides
from PIL import Image

PAGE = (tiny.ROOT / "docs/tutorials.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL)
COMMANDS = sorted({*re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE), *re.findall(r"`((?:digits|dvc) [^`]+)`", PAGE)})
NUMBERS = {"36000": "100", "36001": "101", "36002": "102", "60000": "300", "47339": "7", "46730": "8", "48393": "9"}


def read(file: Path) -> Params:
    """Read a params.yaml, wherever it is."""
    return params.validate(Params, params.read_yaml(file.read_text(encoding="utf-8")))


PARAMS = read(tiny.ROOT / "params.yaml")


def in_the_tiny_project(text: str) -> str:
    """Return a command or a block of the page for the tiny project's data and experiments."""
    for name in sorted(PARAMS.experiments, key=len, reverse=True):
        detects = PARAMS.tasks[PARAMS.experiments[name].task].positive
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", f"<{detects is None:d}>", text)
    text = text.replace("<1>", "digit-logreg").replace("<0>", "five-sgd")
    for name, task in PARAMS.tasks.items():
        text = text.replace(f"data/task/{name}/", f"data/task/{'five' if task.positive else 'digit'}/")
    names = "|".join(sorted([*PARAMS.splits, *PARAMS.datasets], key=len, reverse=True))
    text = re.sub(rf"((?:digits show|--dataset|fetch@|data/raw/|data/split/) ?)(?:{names})\b", r"\1tiny", text)
    for theirs, ours in NUMBERS.items():
        text = re.sub(rf"\b{theirs}\b", ours, text)
    text = re.sub(r'"[\w-]+-\*"', '"*"', text.replace("28, 28", "8, 8"))  # some of the experiments
    return text.replace("--mistakes five-sgd", "--mistakes digit-logreg")  # the tiny detector of fives makes none


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
    check(changed := read(file))
    assert changed != PARAMS
    assert target.removeprefix("evaluate@") in changed.experiments


@pytest.mark.parametrize(("code", "printed"), BLOCKS)
def test_every_block_runs_and_prints_what_stands_below_it(
    project: Path, code: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(project), warnings.catch_warnings(action="ignore"):
        exec(in_the_tiny_project(code), {})
    output = capsys.readouterr().out
    assert not printed or output.count("\n") == printed.count("\n")


def test_the_notebooks_are_the_page_s_executed_to_what_it_prints() -> None:
    printed = []
    for name, made in notebooks().items():
        notebook = nbformat.read(tiny.ROOT / "docs/notebooks" / name, as_version=4)  # type: ignore[no-untyped-call]
        assert [cell.source for cell in notebook.cells] == [cell.source for cell in made.cells], "`make notebook`"
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
        printed += [output.text for output in outputs if output.output_type == "stream"]
    assert sorted(printed) == sorted(text for _, text in BLOCKS)
