"""The examples of docs/reference/python.md run, and print what they should."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.helpers import tiny

PAGE = tiny.ROOT / "docs/reference/python.md"

# The names on the page, and what the tiny project has in their place.
REPLACED = {
    "task/small-digit/": "task/digit/",
    "small-digit-svc": "digit-logreg",
    "packages/digits-handwriting/docs/sheet.jpg": str(tiny.HANDWRITING / "docs/sheet.jpg"),
}


@pytest.mark.skipif(
    not tiny.HANDWRITING.exists(),
    reason="without the package digits-handwriting, no model of digits predicts pictures",
)
def test_the_examples_print_as_many_lines_as_the_page_shows(made: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    script = "\n".join(re.findall("^```python\n(.+?)^```", text, re.DOTALL | re.MULTILINE))
    shown = "".join(re.findall("^```text\n(.+?)^```", text, re.DOTALL | re.MULTILINE))
    for old, new in REPLACED.items():
        script = script.replace(old, new)
    output = io.StringIO()
    with contextlib.chdir(made), contextlib.redirect_stdout(output):
        exec(script, {"__name__": "__main__"})
    printed = output.getvalue().splitlines()
    assert len(printed) == len(shown.splitlines())
    accuracy = float(printed[0])
    assert f"{round(tiny.TEST * (1 - accuracy))} mistakes in the test set" in printed
    assert f"{accuracy:g}" in printed[1:]
