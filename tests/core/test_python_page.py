"""The examples of docs/reference/python.md run, and print what they should."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import sklearn
import yaml

from tests.helpers import pages, tiny

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


@pytest.mark.slow
def test_another_project_gets_the_version_of_scikit_learn(made: Path, tmp_path: Path) -> None:
    section = pages.read_section("docs/reference/python.md", "Use a model in another project")
    _, get_versions, install, _ = pages.read_steps(section.replace("REPOSITORY_URL", str(made)))
    pages.run([get_versions], tmp_path)
    versions = yaml.safe_load((tmp_path / "versions.yaml").read_text(encoding="utf-8"))
    assert "scikit-learn==VERSION" in install.command
    assert versions["scikit-learn"] == sklearn.__version__
