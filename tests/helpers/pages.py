"""Run the commands on a page of the documentation, and compare their output with the page.

A block of commands on a page looks like this:

    ```console
    $ dvc repro evaluate@small-even-knn
    Stage 'fetch@small' didn't change, skipping
    …
    ```

A line `…` of the output stands for any number of lines, and `…` inside a line for any text. If a
page shows no output below a command, the command may print one line at most.
"""

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

from tests.helpers import tiny

BLOCK = re.compile(r"^( *)```console\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
ANYTHING = "…"
MARK = "--- the next command ---"  # is printed before each command

# Git's short revisions differ between a page and the project of a test.
REVISION = re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7}\b")


class Step(NamedTuple):
    """A command on a page, and the output that the page shows."""

    command: str
    output: str


def read_section(page: str, title: str) -> str:
    """Return the text below a heading of a page, with the sections inside it."""
    text = (tiny.ROOT / page).read_text(encoding="utf-8")
    heading = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert heading is not None, f"{page} has no heading {title!r}"
    level = len(heading[1])
    rest = text[heading.end() :]
    # Lines of code that begin with `#` would look like a heading, so the pages have none.
    next_heading = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest if next_heading is None else rest[: next_heading.start()]


def read_steps(text: str) -> list[Step]:
    """Return the commands in the blocks of a text, and their outputs."""
    steps = []
    for _, block in BLOCK.findall(text):
        parts = re.split(r"^\$ ", textwrap.dedent(block), flags=re.MULTILINE)
        assert parts[0] == "", f"this block does not begin with a command:\n{block}"
        for part in parts[1:]:
            command, _, output = part.partition("\n")
            steps.append(Step(command, output.strip("\n")))
    return steps


def read_table(text: str, *programs: str) -> list[str]:
    """Return the commands of programs, such as `dvc`, in the tables of a text."""
    rows = re.findall(r"^\|.*", text, re.MULTILINE)
    commands = re.findall(rf"`((?:{'|'.join(programs)}) [^`]+)`", "\n".join(rows))
    return [command.replace(r"\|", "|") for command in commands]


def run(steps: list[Step], project: Path) -> str:
    """Run the commands of some steps in one shell, and check that each prints what is shown.

    Returns:
        Everything that was printed.
    """
    lines = ["exec 2>&1", "set -e"]
    for step in steps:
        lines += [f"echo '{MARK}'", step.command]
    printed = tiny.run(
        ["bash", "-c", "\n".join(lines)], project, PYTHONPATH=str(project)
    ).stdout
    outputs = printed.split(f"{MARK}\n")[1:]
    for step, output in zip(steps, outputs, strict=True):
        check_output(step, output)
    return printed


def check_output(step: Step, printed: str) -> None:
    """Check that a command has printed what the page shows."""
    if step.output == "":
        n_lines = len(printed.splitlines())
        assert n_lines <= 1, f"the page shows no output of `{step.command}`:\n{printed}"
        return
    expected = make_pattern(step.output)
    actual = "".join(line.rstrip() + "\n" for line in printed.strip("\n").splitlines())
    assert expected.fullmatch(actual), (
        f"`{step.command}` printed\n{printed}\nbut the page shows\n{step.output}"
    )


def make_pattern(output: str) -> re.Pattern[str]:
    """Return a regular expression for the output that a page shows."""
    pattern = ""
    for line in output.splitlines():
        if line == ANYTHING:
            pattern += "(?:.*\n)*?"
            continue
        parts = [
            REVISION.sub("[0-9a-f]{7}", re.escape(part))
            for part in line.rstrip().split(ANYTHING)
        ]
        pattern += ".*".join(parts) + "\n"
    return re.compile(pattern)
