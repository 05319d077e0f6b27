"""docs/your-own.md as it is written, with sixty pictures of shapes, and the project that `digits start` leaves."""

import io
import re
from pathlib import Path

from digits.io import paths
from tests import tiny

import dvc.api
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image, ImageDraw

PAGE = (tiny.ROOT / "docs" / "your-own.md").read_text(encoding="utf-8")
STEPS = [
    "\n".join(re.findall(r"^\$ (.+)$", block, re.MULTILINE))
    for block in re.findall("```console(.+?)```", PAGE, re.DOTALL)
]
NAMES = ["circle", "cross", "line"]
FOREIGN = re.compile(r"MNIST|tutorial|handwrit|\bdigit\b|small-", re.IGNORECASE)  # to a project of shapes


def write_pictures(folder: Path, count: int = 60) -> None:
    """Write pictures of shapes, of several sizes and formats, numbered."""
    random = np.random.default_rng(0)
    for i in range(count):
        image = Image.new("RGB", (int(random.integers(60, 90)), int(random.integers(60, 90))), "white")
        (x, y), size, pen = random.integers(28, 34, 2), random.integers(14, 22), ImageDraw.Draw(image)
        box = x - size, y - size, x + size, y + size
        if NAMES[i % 3] == "circle":
            pen.ellipse(box, outline="black", width=4)
        else:
            pen.line(box, "navy", 4)
        if NAMES[i % 3] == "cross":
            pen.line((x - size, y + size, x + size, y - size), "navy", 4)
        number = i if i < 60 else "0-again"  # which stands near the front, and moves the rows of all others
        path = folder / NAMES[i % 3] / f"{number}.{['png', 'jpg', 'bmp'][i % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)


def repository(place: Path) -> Path:
    """Copy this repository, and commit it to a Git of its own."""
    tiny.copy_repository(place)
    tiny.commit(place, "this project")
    return place


def run(command: str, project: Path, status: int = 0) -> str:
    """Run shell commands with the project's own package, in the tests' environment, and return what they print."""
    if (project / ".git").exists():
        (project / ".venv").mkdir(exist_ok=True)
        (project / ".venv" / ".installed").touch()  # make finds it made
    done = tiny.run(["bash", "-euc", command], project, status=status, PYTHONPATH=str(project))
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Do what the page says, and return the project, `shapes`, and all that was printed."""
    place = tmp_path_factory.mktemp("own")
    origin, shapes = repository(place / "origin"), place / "shapes"
    printed = []
    for step in STEPS:
        if "make venv" in step:  # the tests' own environment is active
            continue
        if "digits pin own" in step:
            write_pictures(shapes / "data" / "own", 61 if "dvc add" in step else 60)  # one more at the end
        if "git fetch" in step:
            tiny.commit(shapes, "One more picture")
            for name in (
                "README.md",
                "params.yaml",
                "digits/scale/cluster.py",
                "digits/scale/new.py",
                "digits/io/files.py",
            ):
                with (origin / name).open("a") as file:
                    file.write("# new upstream\n")
            tiny.commit(origin, "Improvements")
        if "git clone" in step:
            printed.append(run(step.replace("ADDRESS", str(origin)), place))
        else:
            printed.append(run(step, shapes))
    return shapes, "".join(printed)


@pytest.mark.slow
def test_the_page_ends_with_a_leaderboard_a_report_and_a_clone_that_has_nothing_to_run(walk: tuple[Path, str]) -> None:
    shapes, printed = walk
    assert "datasets.own has 60 images of 3 classes (circle, cross, line)" in printed
    rows = re.findall(r"^(\S+) +class on own +(\d\.\d+)", printed, re.MULTILINE)
    assert {name for name, _ in rows} == {"gradients-svc", "pixels-svc"}
    assert min(float(accuracy) for _, accuracy in rows) > 0.8
    assert re.search(rf"^own \d+: ({'|'.join(NAMES)}), predicted ({'|'.join(NAMES)}) \(", printed, re.MULTILINE)
    assert "the remote has all that it names" in printed
    assert "Data and pipelines are up to date." in printed  # the colleague's
    assert re.search("pixels-svc: .*no evidence of a difference|same", printed)  # the branch
    assert tiny.git_status(shapes) == ""
    confusion = pd.read_csv(shapes / "plots/pixels-svc/confusion.csv")
    assert set(confusion["actual"]) == set(confusion["predicted"]) == set(NAMES)
    theirs = shapes.parent / "theirs"
    assert len(pd.read_parquet(theirs / paths.raw("own"))) == 60


@pytest.mark.slow
def test_one_more_picture_moves_no_other_and_the_branches_can_be_compared(walk: tuple[Path, str]) -> None:
    shapes, printed = walk
    assert "datasets.own has 61 images of 3 classes" in printed
    [commit] = run("git log --format=%h --grep 'One more picture'", shapes).split()
    before, after = (
        pd.read_parquet(
            io.BytesIO(dvc.api.read(paths.split("own", "test").as_posix(), str(shapes), revision, mode="rb"))
        )
        for revision in (f"{commit}~1", commit)
    )
    before, after = before.drop(columns="row"), after.drop(columns="row")
    assert {*map(tuple, before.to_numpy())} <= {*map(tuple, after.to_numpy())}
    assert 0 <= len(after) - len(before) <= 1
    assert f"test images the {len(before)} that both have" in run(f"digits compare {commit}~1 {commit} 2>&1", shapes)


@pytest.mark.slow
def test_a_merge_of_upstream_takes_its_improvements_and_leaves_ours(walk: tuple[Path, str]) -> None:
    shapes, _ = walk
    assert (shapes / "digits/io/files.py").read_text().endswith("# new upstream\n")
    assert not (shapes / "digits/scale").exists()
    assert "new upstream" not in (shapes / "README.md").read_text() + (shapes / "params.yaml").read_text()
    assert tiny.git_status(shapes) == ""


@pytest.mark.slow
def test_nothing_speaks_of_digits(walk: tuple[Path, str]) -> None:
    shapes, _ = walk
    told = run("make help leaderboard check && digits show own --describe && digits --help", shapes)
    assert not FOREIGN.findall(told)
    if (shapes / "report.html").exists():  # the room is here
        page = re.sub("<(style|script).+?</(style|script)>", "", (shapes / "report.html").read_text(), flags=re.DOTALL)
        assert not FOREIGN.findall(page)
        assert all(name in page for name in [*NAMES, "gradients-svc", "pixels-svc"])


def test_a_started_project_has_no_room_that_it_does_not_need_and_takes_one_s_pictures(tmp_path: Path) -> None:
    shapes = repository(tmp_path / "shapes")
    run("digits setup && digits start", shapes)
    write_pictures(shapes / "data" / "own")
    assert "60 images of 3 classes" in run("digits pin own && digits check", shapes)
    assert {path.name for path in (shapes / "tests").iterdir() if path.is_dir()} - {"__pycache__"} <= {"core", "report"}
    assert list(yaml.safe_load((shapes / "dvc.yaml").read_text())) == ["stages"]
    assert "../shapes-remote" in (shapes / ".dvc/config").read_text()
    assert f"url = {tmp_path}/shapes-remote\n" in (shapes / ".dvc/config.local").read_text()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_fork_s_own_tests_pass(walk: tuple[Path, str]) -> None:
    run("make lint test", walk[0])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["table", "handwriting"])
def test_a_table_and_handwriting_can_be_started_from(kind: str, tmp_path: Path) -> None:
    project = repository(tmp_path / "mine")
    if kind == "handwriting" and not (project / "digits/handwriting").exists():
        pytest.skip("the room is not here")
    pixels, classes = tiny.digits()
    run(f"digits start --from {kind}", project)
    if kind == "table":
        frame = pd.DataFrame(np.pad(pixels[:200].reshape(-1, 8, 8), [(0, 0), (10, 10), (10, 10)]).reshape(200, -1))
        frame.assign(label=[f"class {number % 2}" for number in classes[:200]]).to_csv(
            project / "data/own.csv", index=False
        )
    else:
        for i, (image, label) in enumerate(zip(pixels[:100].reshape(-1, 8, 8), classes, strict=False)):
            path = project / "data/own" / str(label) / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(255 - np.pad(image, 2) * 15).resize((96, 96)).save(path)
    run("digits pin own", project)
    assert "pixels-svc" in run("make demo", project)
    run("python -m pytest --collect-only -q -n 0", project)


def test_what_git_could_not_bring_back_is_not_touched(tmp_path: Path) -> None:
    project = repository(tmp_path / "mine")
    (project / "notes.txt").touch()
    assert run("digits start", project, 1) == (
        "start: error: Git has uncommitted changes, first notes.txt; commit or stash them\n"
    )
    assert "run it in " in run(f"cd stages && PYTHONPATH={tiny.ROOT} digits start", project, 1)
    assert tiny.git_status(project) == "?? notes.txt\n"
