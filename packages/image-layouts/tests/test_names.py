"""Names that have a meaning in some grammar reach every file and every output as they are."""

import html.parser
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from tests.helpers import tiny
from tests.helpers.calls import call

NAMES = Path(__file__).with_name("names.txt").read_text(encoding="utf-8").splitlines()
MODEL = "pixels-svc"

pytestmark = pytest.mark.slow


class Text(html.parser.HTMLParser):
    """The texts of a page, and the names of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose classes and pictures have these names. Do not change it."""
    project = tmp_path_factory.mktemp("names") / "names"
    tiny.copy_repository(project)
    tiny.commit(project, "this project")
    random = np.random.default_rng(0)
    for name in NAMES:
        folder = project / "data/own" / name
        folder.mkdir(parents=True)
        for number in range(6):
            # A small drawing, for which `digits start` writes the model of these tests.
            pixels = np.zeros((8, 8), np.uint8)
            pixels[2:6, 2:6] = random.integers(0, 256, (4, 4), np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}{number}.png")
    call(project, "start")
    for words in ["fetch own", "split own", "binarize class"]:
        call(project, *words.split())
    for stage in ["train", "evaluate"]:
        call(project, stage, MODEL)
    return project


def predict(project: Path, table_format: str) -> str:
    """Return the predictions for a picture of each class, one row per picture."""
    pictures = [str(project / "data/own" / name / f"{name}0.png") for name in NAMES]
    words = ["predict", "--model", MODEL, "--format", table_format, "--", *pictures]
    return call(project, *words).stdout


def test_the_summary_has_the_names(project: Path) -> None:
    summary = yaml.safe_load((project / "data/datasets/own.yaml").read_text(encoding="utf-8"))
    assert sorted(summary["classes"]) == sorted(NAMES)


def test_tables_for_programs_have_the_names(project: Path) -> None:
    table = pd.read_csv(io.StringIO(predict(project, "csv")), keep_default_na=False)
    records = json.loads(predict(project, "json"))
    for number, name in enumerate(NAMES):
        assert Path(table["file"][number]).name == f"{name}0.png"
        assert records[number]["file"] == table["file"][number]
        assert records[number]["label"] == table["label"][number]
    assert set(table["label"]) <= set(NAMES)


def test_a_row_of_a_markdown_table_has_as_many_cells_as_the_table_has_columns(
    project: Path,
) -> None:
    rows = predict(project, "markdown").splitlines()
    assert len(rows) == 2 + len(NAMES)
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 4


def test_the_report_has_the_names_as_text(project: Path) -> None:
    call(project, "report")
    page = Text()
    page.feed((project / "report.html").read_text(encoding="utf-8"))
    assert "mark" not in page.tags
    assert "alert(1)" not in page.texts
    assert set(NAMES) <= set(page.texts)


def test_no_name_is_a_command(project: Path) -> None:
    assert list(project.parent.rglob("owned")) == []
