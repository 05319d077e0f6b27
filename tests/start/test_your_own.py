"""docs/your-own.md as it is written, with sixty pictures of shapes, and the project that `digits start` leaves."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from digits.start.commands import start
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

PAGE = (tiny.ROOT / "docs" / "your-own.md").read_text(encoding="utf-8")
BLOCKS = re.findall("```console(.+?)```", PAGE, re.DOTALL)
STEPS = ["\n".join(re.findall(r"^\$ (.+)$", block, re.MULTILINE)) for block in BLOCKS]
NAMES = ["circle", "cross", "line"]
FOREIGN = re.compile(r"MNIST|tutorial|handwrit|\bdigit\b|small-", re.IGNORECASE)  # to a project of shapes


def write_pictures(folder: Path, count: int = 60, names: Sequence[str] = NAMES) -> None:
    """Write pictures of shapes, of several sizes and formats, numbered; the last of 61 stands near the front."""
    random = np.random.default_rng(0)
    for i in range(count):
        width, height, (x, y), size = *random.integers(60, 90, 2), random.integers(28, 34, 2), random.integers(14, 22)
        image = Image.new("RGB", (int(width), int(height)), "white")
        pen, box = ImageDraw.Draw(image), (x - size, y - size, x + size, y + size)
        if i % 3 == 0:
            pen.ellipse(box, outline="black", width=4)
        else:
            pen.line(box, "navy", 4)
        if i % 3 == 1:
            pen.line((x - size, y + size, x + size, y - size), "navy", 4)
        path = folder / names[i % 3] / f"{'0-again' if i == 60 else i}.{['png', 'jpg'][i % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)


def repository(place: Path) -> Path:
    tiny.copy_repository(place)
    tiny.commit(place, "this project")
    return place


def run(command: str, project: Path, status: int = 0) -> str:
    """Run shell commands with the project's own package, in the tests' environment, and return what they print."""
    if (project / ".git").exists():
        (project / ".venv").mkdir(exist_ok=True)
        (project / ".venv" / ".installed").touch()  # for make
    done = tiny.run(["bash", "-c", command], project, status=status, PYTHONPATH=str(project))
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Do what the page says, and return the project, `shapes`, and all that was printed."""
    place = tmp_path_factory.mktemp("own")
    origin, shapes, printed = repository(place / "origin"), place / "shapes", ""
    for step in STEPS:
        if "make venv" in step or ("digits predict" in step and not (shapes / "digits/handwriting").exists()):
            continue  # the tests' own environment is active; the room may be gone
        if "digits pin own" in step:
            write_pictures(shapes / "data" / "own", 61 if "dvc add" in step else 60)  # one more at the end
        if "git fetch" in step:
            tiny.commit(shapes, "One more picture")
            for name in ("README.md", "params.yaml", "docs/tutorials.md", "digits/core/paths.py"):
                with (origin / name).open("a") as file:
                    file.write("\n# new upstream\n")
            tiny.commit(origin, "Improvements")
        strict = "" if "--no-commit" in step else "set -e\n"  # that merge reports conflicts
        printed += run(strict + step.replace("ADDRESS", str(origin)), place if "ADDRESS" in step else shapes)
    return shapes, printed


@pytest.mark.slow
def test_the_page_leads_to_models_a_clone_that_has_nothing_to_run_and_upstream_s_code(walk: tuple[Path, str]) -> None:
    shapes, printed = walk
    assert "datasets.own has 60 images of 3 classes (circle, cross, line)" in printed
    assert "datasets.own has 61 images of 3 classes" in printed
    for name in ("gradients-svc", "pixels-svc"):
        assert json.loads((shapes / f"metrics/{name}.json").read_text())["accuracy"] > 0.8
    assert re.search(rf"^own \d+: ({'|'.join(NAMES)}), predicted ({'|'.join(NAMES)}) \(", printed, re.MULTILINE)
    assert "Data and pipelines are up to date." in printed  # the colleague's
    assert re.search("pixels-svc, .*(not told apart|the fits differ)|predictions are the same", printed)  # the branch
    assert {*pd.read_csv(shapes / "plots/pixels-svc/confusion.csv")["actual"]} == {*NAMES}
    assert run("git diff --name-only HEAD~1", shapes) == "digits/core/paths.py\n"  # of what upstream changed
    assert not (shapes / "docs/tutorials.md").exists()
    assert tiny.run("git status --porcelain", shapes).stdout == ""
    told = run("make help && digits leaderboard && digits check && digits show own && digits --help", shapes)
    page = re.sub("<(style|script).+?</(style|script)>", "", (shapes / "report.html").read_text(), flags=re.DOTALL)
    assert not FOREIGN.findall(told.replace("Handwriting:", "") + page)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_fork_s_own_tests_pass(walk: tuple[Path, str]) -> None:
    run("make lint test", walk[0])


@pytest.mark.parametrize("kind", ["folder", "table", pytest.param("handwriting", marks=pytest.mark.slow)])
def test_start_leaves_what_is_needed(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "handwriting" and not (tiny.ROOT / "digits/handwriting").exists():
        pytest.skip("the room is not here")
    shapes = repository(tmp_path / "shapes")
    monkeypatch.setattr(start, "PACKAGE", shapes / "digits")  # as in a process that has this clone's own package
    (shapes / "data/raw").mkdir()
    (shapes / "data/raw/small.parquet").touch()
    call(shapes, "setup")
    assert 'git commit -m "Our own images"' in call(shapes, "start", "--from", kind).stdout
    if kind == "table":
        images, labels = (each[:100] for each in tiny.digits())
        pixels = np.pad(images.reshape(-1, 8, 8), [(0, 0), (10, 10), (10, 10)]).reshape(100, -1)
        frame = pd.DataFrame(pixels).assign(label=[f"class {label % 2}" for label in labels])
        frame.to_csv(shapes / "data/own.csv", index=False)
    else:
        write_pictures(shapes / "data/own", names=NAMES if kind == "folder" else ["0", "7", "1"])
    counted = call(shapes, "pin", "own").stdout
    assert f"datasets.own has {'100 images of 2' if kind == 'table' else '60 images of'}" in counted
    assert call(shapes, "check").output == ""
    assert not re.search("internet|no network, in", (shapes / "Makefile").read_text(encoding="utf-8"))
    assert not [name for name in ("metrics", "plots", "dvc.lock", "data/raw", "docs/scale") if (shapes / name).exists()]
    assert {path.name for path in (shapes / "tests").iterdir() if path.is_dir()} <= {"core", "report", "handwriting"}
    assert "artifacts" not in (shapes / "dvc.yaml").read_text()
    assert "../shapes-remote" in (shapes / ".dvc/config").read_text()
    assert f"url = {tmp_path}/shapes-remote\n" in (shapes / ".dvc/config.local").read_text()


def test_what_git_could_not_bring_back_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = repository(tmp_path / "mine")
    monkeypatch.setattr(start, "PACKAGE", project / "digits")
    (project / "notes.txt").touch()
    assert failure(project, "start").startswith("Error: Git has uncommitted changes, first notes.txt; commit or")
    assert failure(project / "stages", "start") == f"Error: run it in {project}, the clone that is installed here"
    assert tiny.run("git status --porcelain", project).stdout == "?? notes.txt\n"
