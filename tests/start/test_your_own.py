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
        number = (
            "0-again" if i == 60 == count - 1 else i
        )  # which stands near the front, and moves the rows of all others
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
        if "digits predict" in step and not (shapes / "digits/handwriting").exists():
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
                    file.write("\n\n# new upstream\n")
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
    if (shapes / "digits/handwriting").exists():  # the room is here
        assert "data/own/cross/1.jpg: predicted cross (" in printed
    assert "the remote has all that it names" in printed
    assert "Data and pipelines are up to date." in printed  # the colleague's
    assert re.search("pixels-svc: .*no evidence of a difference|same", printed)  # the branch
    assert tiny.git_status(shapes) == ""
    confusion = pd.read_csv(shapes / "plots/pixels-svc/confusion.csv")
    assert set(confusion["actual"]) == set(confusion["predicted"]) == set(NAMES)
    theirs = shapes.parent / "theirs"
    assert len(pd.read_parquet(theirs / paths.raw("own"))) == 60


@pytest.mark.slow
def test_one_more_picture_moves_at_most_one_other_and_the_branches_can_be_compared(walk: tuple[Path, str]) -> None:
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
    both = {*map(tuple, before.to_numpy())} & {*map(tuple, after.to_numpy())}
    assert len(before) - len(both) <= 1
    assert 0 <= len(after) - len(before) <= 1
    differ = len(both) < len(after)
    compared = run(f"digits compare {commit}~1 {commit} 2>&1", shapes)
    assert (f"test images the {len(both)} that both have" in compared) == differ


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
    assert not FOREIGN.findall(told.replace("Handwriting:", ""))  # the room of `digits predict`
    if (shapes / "report.html").exists():  # the room is here
        page = re.sub("<(style|script).+?</(style|script)>", "", (shapes / "report.html").read_text(), flags=re.DOTALL)
        assert not FOREIGN.findall(page)
        assert all(name in page for name in [*NAMES, "gradients-svc", "pixels-svc"])


def test_a_started_project_has_no_room_that_it_does_not_need_and_takes_one_s_pictures(tmp_path: Path) -> None:
    shapes = repository(tmp_path / "shapes")
    run("digits setup && digits start", shapes)
    write_pictures(shapes / "data" / "own")
    assert "60 images of 3 classes" in run("digits pin own && digits check", shapes)
    assert not re.search("internet|no network, in", (shapes / "Makefile").read_text(encoding="utf-8"))
    kept = {path.name for path in (shapes / "tests").iterdir() if path.is_dir()} - {"__pycache__"}
    assert kept <= {"core", "report", "handwriting"}
    assert list(yaml.safe_load((shapes / "dvc.yaml").read_text())) == ["stages"]
    assert "../shapes-remote" in (shapes / ".dvc/config").read_text()
    assert f"url = {tmp_path}/shapes-remote\n" in (shapes / ".dvc/config.local").read_text()


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
def test_upstream_is_taken_over_without_conflicts_and_what_start_deleted_stays_away(tmp_path: Path) -> None:
    origin, shapes = repository(tmp_path / "origin"), tmp_path / "shapes"
    tiny.run(["git", "clone", "-q", "-o", "upstream", str(origin), str(shapes)], tmp_path)
    run("digits start && git rm -q docs/plots.md && sed -i 's/28/20/' params.yaml && git add --all", shapes)
    tiny.commit(shapes, "ours")
    mine = {name: (shapes / name).read_bytes() for name in ("params.yaml", "README.md")}
    room = next(
        path for path in ("digits/scale/cluster.py", "digits/start/commands/start.py") if (origin / path).exists()
    )
    change(origin / room, "import", "# of a room\nimport")
    change(origin / "docs/plots.md", "a", "b")  # which is deleted here
    change(origin / "params.yaml", "seed: 42", "seed: 43")
    change(origin / "digits/start/templates/params.yaml", "seed: 42", "seed: 43")
    change(origin / "dvc.yaml", "  - two on mnist, ROC curves:", "  - twos on mnist, ROC curves:")
    change(origin / "dvc.yaml", "desc: The model of", "desc: A model of")
    change(origin / "Makefile", "## Print the experiments", "## List the experiments")
    change(origin / "Makefile", "DEMO := small-*", "DEMO := small-d*")
    change(origin / "digits/io/files.py", "DECIMALS = 6", "DECIMALS = 7")
    (origin / room).with_name("more.py").touch()
    tiny.commit(origin, "upstream moves on")
    assert "Git has uncommitted changes" in run("touch notes && git fetch -q && make upstream", shapes, 2)
    assert "upstream moves on" in run("rm notes && make upstream", shapes)
    assert tiny.git_status(shapes) == ""
    assert "up to date" in run("git merge upstream/main", shapes)
    assert "nothing new" in run("make upstream", shapes)
    changed = run("git diff --name-only HEAD~1", shapes).split()
    assert changed == ["Makefile", "digits/io/files.py", "dvc.yaml"]
    assert {name: (shapes / name).read_bytes() for name in mine} == mine
    change(origin / "digits/io/files.py", "DECIMALS = 7", "DECIMALS = 8")
    change(shapes / "digits/io/files.py", "DECIMALS = 7", "DECIMALS = 5")
    tiny.commit(origin, "eight")
    tiny.commit(shapes, "five")
    assert "Settle the conflicts" in run("git fetch -q && make upstream", shapes, 2)
    assert "<<<<<<<" in (shapes / "digits/io/files.py").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_file_that_upstream_deleted_and_we_edited_is_a_conflict_and_the_rest_is_taken_over(tmp_path: Path) -> None:
    origin, shapes = repository(tmp_path / "origin"), tmp_path / "shapes"
    tiny.run(["git", "clone", "-q", str(origin), str(shapes)], tmp_path)
    run("digits start", shapes)
    page, code = "docs/reliability.md", "digits/io/files.py"
    change(shapes / page, "# ", "# Ours: ")
    tiny.commit(shapes, "ours")
    assert "upstream/main is missing" in run("make upstream", shapes, 2)
    run("git remote rename origin upstream", shapes)
    (origin / page).unlink()
    change(origin / code, "DECIMALS = 6", "DECIMALS = 7")
    (origin / "digits/io/new.py").touch()
    tiny.commit(origin, "upstream moves on")
    printed = run("git fetch -q && make upstream", shapes, 2)
    assert f"CONFLICT (modify/delete): {page} deleted in upstream/main" in printed
    assert "Settle the conflicts" in printed
    tiny.run("git commit -m early", shapes, status=128)
    assert tiny.git_status(shapes).splitlines() == [f"M  {code}", "A  digits/io/new.py", f"UD {page}"]
    run(f"git add {page} && git commit -q --no-edit", shapes)
    assert (shapes / page).read_text(encoding="utf-8").startswith("# Ours: ")
    assert "DECIMALS = 7" in (shapes / code).read_text(encoding="utf-8")
    assert "nothing new" in run("make upstream", shapes)


@pytest.mark.slow
def test_three_thousand_pictures_in_nested_folders_by_seven_people(tmp_path: Path) -> None:
    run(STEPS[0].replace("ADDRESS", str(repository(tmp_path / "origin"))).replace("-q", "-q -b main"), tmp_path)
    shapes = tmp_path / "shapes"
    run("digits start", shapes)
    write_pictures(tmp_path / "drawn", 3000)
    for path in sorted((tmp_path / "drawn").glob("*/*")):
        place = shapes / f"data/own/user{int(path.stem) % 7}/images/{path.parent.name}" / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    told = run("digits pin own", shapes)
    assert "3000 images of 3 classes (circle, cross, line)" in told
    assert "levels: group, -, class; is that right? data/own/user0/images/circle/" in told
    printed = run("make demo", shapes)
    assert "by group" not in printed
    [by_group] = re.findall(r"^gradients-svc by group: (.+)$", run("digits leaderboard --groups", shapes), re.MULTILINE)
    assert len(re.findall(r"[0-6]: (?:0\.9\d+|1\.0+)", by_group)) == 2  # a quarter of seven people
    assert "*" not in printed.split("error, %")[1]
    run("dvc add -q data/own && git add --all && git commit -qm ours", shapes)
    (shapes / "data/own/user1/images/line/9999.png").write_bytes(next(shapes.glob("data/own/**/2.png")).read_bytes())
    again = "`digits pin own` takes over what is there now"
    assert again in tiny.run("dvc repro", shapes, status=255, PYTHONPATH=str(shapes)).stderr
    assert again in run("make demo", shapes, 2)
    before = pd.read_parquet(shapes / paths.split("own", "test"))
    run("digits pin own && dvc add -q data/own && dvc repro", shapes)
    after = pd.read_parquet(shapes / paths.split("own", "test"))
    assert set(before["group"]) == set(after["group"])
    assert len(after) - len(before) in {0, 1}
    assert "cannot be compared" not in run("digits compare HEAD", shapes)


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
