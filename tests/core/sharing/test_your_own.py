"""The ten steps of docs/your-own.md, as they are written there, with forty pictures of three shapes."""

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from digits.io import parquet, paths
from digits.io.tables import LABELS
from tests import tiny

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

PAGE = (tiny.ROOT / "docs" / "your-own.md").read_text(encoding="utf-8")
COMMANDS = [
    "\n".join(re.findall(r"^\$ (.+)$", block, re.MULTILINE))
    for block in re.findall("```console(.+?)```", PAGE, re.DOTALL)
]
NAMES = ["circle", "cross", "line"]


def write_pictures(folder: Path) -> None:
    """Write forty pictures of shapes, of several sizes and formats, numbered."""
    random = np.random.default_rng(0)
    for i in range(40):
        image = Image.new("RGB", (int(random.integers(60, 90)), int(random.integers(60, 90))), "white")
        (x, y), size, pen = random.integers(28, 34, 2), random.integers(14, 22), ImageDraw.Draw(image)
        box = x - size, y - size, x + size, y + size
        if NAMES[i % 3] == "circle":
            pen.ellipse(box, outline="black", width=4)
        else:
            pen.line(box, "navy", 4)
        if NAMES[i % 3] == "cross":
            pen.line((x - size, y + size, x + size, y - size), "navy", 4)
        path = folder / NAMES[i % 3] / f"{i}.{['png', 'jpg', 'bmp'][i % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)


class Walk(NamedTuple):
    """Where a user ends who does what the page says: the project, a colleague's clone, and what was printed."""

    shapes: Path
    theirs: Path
    printed: dict[str, str]

    def output(self, command: str) -> str:
        """Return what the page's only block with a command printed."""
        [output] = [text for commands, text in self.printed.items() if command in commands]
        return output


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Do the ten steps."""
    place = tmp_path_factory.mktemp("own")
    origin, shapes = place / "origin", place / "shapes"
    for name in tiny.run("git ls-files --cached --others --exclude-standard", tiny.ROOT).stdout.splitlines():
        if (tiny.ROOT / name).exists():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tiny.ROOT / name, origin / name, follow_symlinks=False)
    tiny.run("git init --quiet --initial-branch=main", origin)
    tiny.commit(origin, "this project")
    printed = {}
    for commands in COMMANDS:
        if "make venv" in commands:  # the tests' own environment is active
            continue
        if "tools.pin" in commands:
            write_pictures(shapes / "data" / "own")
            [params] = re.findall("```yaml\n(.+?)```", PAGE, re.DOTALL)
            (shapes / "params.yaml").write_text(params, encoding="utf-8")
        folder = place if "git clone" in commands else shapes
        done = tiny.run(["bash", "-euc", commands.replace("ADDRESS", str(origin))], folder)
        printed[commands] = done.stdout + done.stderr
    return Walk(shapes, place / "theirs", printed)


def test_it_ends_with_a_leaderboard_a_report_and_a_clone_that_has_nothing_to_run(walk: Walk) -> None:
    assert "has 40 images of 3 classes (circle, cross, line)" in walk.output("tools.pin own")
    rows = [line.split() for line in walk.output("tools.leaderboard").splitlines()[2:4]]
    assert [row[0] for row in rows] == ["cross-trees", "shape-svc"]
    assert min(float(row[4]) for row in rows) > 0.7
    report = (walk.shapes / "report.html").read_text(encoding="utf-8")
    assert all(name in report for name in [*NAMES, "shape-svc", "cross-trees"])
    assert walk.output("tools.pushed").endswith("the remote has all that it names\n")
    assert walk.output("dvc pull").endswith("Data and pipelines are up to date.\n")
    assert "same" in walk.output("tools.compare")
    assert tiny.git_status(walk.shapes) == ""


def test_a_colleague_s_pictures_give_the_same_bytes(walk: Walk) -> None:
    raw = (walk.theirs / paths.raw("own")).read_bytes()
    assert raw == (walk.shapes / paths.raw("own")).read_bytes()
    (walk.theirs / paths.raw("own")).unlink()
    assert tiny.repro(walk.theirs, "--force", "--single-item", "fetch@own") == ["fetch@own"]
    assert (walk.theirs / paths.raw("own")).read_bytes() == raw
    assert tiny.git_status(walk.theirs) == ""


def test_classes_are_called_by_their_names(walk: Walk) -> None:
    assert re.findall(r"^ *(\w+) +(\d+) ", walk.output("--describe"), re.MULTILINE)[:3] == [
        (name, str(count)) for name, count in zip(NAMES, (14, 13, 13), strict=True)
    ]
    assert re.search(
        rf"^own \d+: ({'|'.join(NAMES)}), predicted ({'|'.join(NAMES)}) \(", walk.output("--predictions"), re.M
    )
    shown = tiny.run("python -m tools.show own --label cross --limit 2", walk.shapes).stdout
    assert re.findall(r"own (\d+): cross", shown) == ["1", "4"]
    line = tiny.failure("python -m tools.show own --label cros", walk.shapes, 2)
    assert line.endswith("there is no 'cros'. Did you mean 'cross'? Valid: circle, cross, line")

    confusion = pd.read_csv(walk.shapes / "plots/shape-svc/confusion.csv")
    assert set(confusion["actual"]) == set(confusion["predicted"]) == set(NAMES)
    curves = pd.read_csv(walk.shapes / "plots/shape-svc/precision_recall.csv")
    figures = pd.read_csv(walk.shapes / "plots/shape-svc/figures.csv")
    assert set(figures[figures["figure"] == "count"]["of"]) == set(NAMES)
    assert set(curves["class"]) == {*NAMES, "all"}
    assert set(pd.read_csv(walk.shapes / "plots/cross-trees/confusion.csv")["actual"]) == {0, 1}
    labels = paths.labels("cross-trees", "test")
    assert parquet.metadata(walk.shapes / labels, LABELS)["positive"] == "1"


def test_pictures_are_predicted_as_the_dataset_s_are_fitted(walk: Walk) -> None:
    crosses = sorted((walk.shapes / "data/own/cross").iterdir())
    command = f"python -m tools.predict --json {' '.join(map(str, crosses))}"
    found = [json.loads(line)["digits"] for line in tiny.run(command, walk.shapes).stdout.splitlines()]
    [_, _, width, height] = found[0][0]["box"]
    with Image.open(crosses[0]) as picture:
        assert (width, height) == picture.size
    assert sum([digit["class"] for digit in digits] == ["cross"] for digits in found) >= 11  # most were trained on
    said = tiny.run(f"python -m tools.predict {crosses[0]}", walk.shapes).stdout
    assert re.search(r"predicted cross \(\d\d %; (circle|line): \d+ %", said)
    said = tiny.run("python -m tools.predict --row own 1 --model cross-trees", walk.shapes).stdout
    assert re.fullmatch(r"own 1: cross, predicted cross \(.+\), right\n", said)
