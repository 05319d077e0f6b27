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
    'read("small")': 'read("tiny")',
    "packages/digits-handwriting/docs/sheet.jpg": str(tiny.HANDWRITING / "docs/sheet.jpg"),
}


def read_example(heading: str) -> str:
    """Return the block of Python below a heading, for the tiny project."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    block = re.findall("```python\n(.+?)```", text, re.DOTALL)[0]
    for old, new in REPLACED.items():
        block = block.replace(old, new)
    return str(block)


def run_example(script: str, project: Path) -> list[str]:
    """Run a script in the process of the test, and return the lines that it prints."""
    output = io.StringIO()
    with contextlib.chdir(project), contextlib.redirect_stdout(output):
        exec(script, {"__name__": "__main__"})
    return output.getvalue().splitlines()


def test_tables_models_and_results_are_read(made: Path) -> None:
    headings = [
        "Read a table",
        "Load a model and predict",
        "Read the results",
        "Look at images",
    ]
    script = "\n".join(read_example(heading) for heading in headings)
    printed = run_example(script, made)
    accuracy, mistakes, same_accuracy, *pixels = printed
    assert mistakes == f"{round(tiny.TEST * (1 - float(accuracy)))} mistakes in the test set"
    assert same_accuracy == accuracy
    assert len(pixels) == 2  # rows of the first image


@pytest.mark.skipif(
    not tiny.HANDWRITING.exists(),
    reason="without the package digits-handwriting, no model of digits predicts pictures",
)
def test_pictures_are_predicted(made: Path) -> None:
    script = read_example("Predict pictures")
    printed = run_example(script, made)
    assert len(printed) == 5  # the digits on the sheet
    for line in printed:
        assert re.fullmatch(r"\d [01]\.\d+", line)


@pytest.mark.slow
def test_another_project_gets_the_version_of_scikit_learn(made: Path, tmp_path: Path) -> None:
    section = pages.read_section("docs/reference/python.md", "Use a model in another project")
    _, get_versions, install, _ = pages.read_steps(section.replace("REPOSITORY_URL", str(made)))
    pages.run([get_versions], tmp_path)
    versions = yaml.safe_load((tmp_path / "versions.yaml").read_text(encoding="utf-8"))
    assert "scikit-learn==VERSION" in install.command
    assert versions["scikit-learn"] == sklearn.__version__
