"""`digits start` makes a generated project one about own images, mostly pictures of shapes."""

import contextlib
import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from digits.core.images import Images
from digits.messages.errors import UserError
from docs.tools.shapes import SHAPES, write_pictures
from image_layouts.pipeline import start
from image_layouts.pipeline.defaults import DEFAULTS_FOR_DIGITS
from tests.helpers import new_project, pages, tiny
from tests.helpers.calls import VALID, call
from tests.helpers.variants import mark_variants


@pytest.fixture(scope="session")
def generated(request: pytest.FixtureRequest) -> Path:
    """Return a new project called `shapes`. Do not change it."""
    source = tiny.once(request, "source", new_project.make_source)

    def make(folder: Path) -> None:
        new_project.make_project(source, folder / "shapes")

    return tiny.once(request, "generated", make) / "shapes"


@pytest.fixture
def shapes(generated: Path, tmp_path: Path) -> Path:
    """Return a new project called `shapes`."""
    return tiny.copy(generated, tmp_path / "shapes")


@pytest.fixture(scope="module")
def started(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in which `digits start` was called. Do not change it."""
    project = tiny.copy(generated, tmp_path_factory.mktemp("started") / "shapes")
    write_pictures(project / "data/own")
    printed = call(project, "start").stdout
    assert "  60 images of 3 classes: circle 20, cross 20, line 20\n" in printed
    assert "nearly equal" not in printed
    assert printed.endswith("If something above is wrong, run `digits start` again.\n")
    return project


def read_params(project: Path) -> dict[str, Any]:
    """Return the content of params.yaml."""
    return dict(yaml.safe_load((project / "params.yaml").read_text("utf-8")))


def list_unstaged(project: Path) -> list[str]:
    """Return the files that differ from Git's index, or that it does not have."""
    return tiny.run("git ls-files -m -o --exclude-standard", project).stdout.splitlines()


def refuse(project: Path, *options: str) -> str:
    """Call `digits start`, which must fail and change nothing, and return what it says."""
    before = tiny.files(project)
    done = call(project, "start", *options, status=1)
    assert tiny.files(project) == before
    if (project / ".git").exists():
        assert tiny.run("git diff --cached", project).stdout == ""
    return done.stderr


@pytest.mark.slow
def test_the_page_leads_to_models_of_shapes(shapes: Path) -> None:
    call(shapes, "setup")
    (shapes / ".venv").mkdir()
    (shapes / ".venv/.installed").touch()  # the environment of the tests is active
    write_pictures(shapes / "data/own")
    shutil.copy(shapes / "data/own/cross/1.jpg", shapes.parent / "new.jpg")
    tiny.run("git init --quiet --bare hosted.git", shapes.parent)
    page = (tiny.ROOT / "packages/image-layouts/docs/your-own.md").read_text("utf-8")
    steps = pages.read_steps(page.replace("YOUR_URL", "../hosted.git"))
    first = [step.command for step in steps].index("digits start")
    pages.run(steps[first:], shapes)
    for name in ["gradients-svc", "pixels-svc"]:
        metrics = json.loads((shapes / f"metrics/{name}.json").read_text())
        assert metrics["accuracy"] > 0.8
        confusion = pd.read_csv(shapes / f"plots/{name}/confusion.csv")
        assert set(confusion["actual"]) == set(SHAPES)


@pytest.mark.variant
def test_outputs_are_those_of_the_same_settings_in_this_repository(
    started: Path, tmp_path: Path
) -> None:
    project = tiny.copy(started, tmp_path / "shapes")
    tiny.repro(project)
    here = tmp_path / "here"
    tiny.make_project(here)
    shutil.copy(project / "params.yaml", here)
    shutil.copytree(project / "data/own", here / "data/own")
    tiny.add_dependency(here, "data/own")
    for stage in tiny.lock(project):
        call(here, *stage.split("@"))
    outputs = [out["path"] for stage in tiny.lock(project).values() for out in stage["outs"]]
    assert len(outputs) == 24
    for path in outputs:
        assert (project / path).read_bytes() == (here / path).read_bytes(), path


def test_start_stages_what_it_writes_and_nothing_else(started: Path) -> None:
    assert call(started, "check").output == VALID
    written = tiny.run("git diff --name-only --cached", started).stdout.split()
    assert written == ["data/.gitignore", "data/own.dvc", "dvc.yaml", "params.yaml"]
    assert list_unstaged(started) == []
    changes = tiny.run("git diff --cached --unified=1 dvc.yaml", started).stdout
    assert "         - stages/fetch.py\n+        - data/own\n" in changes


def test_one_command_takes_in_pictures_and_says_if_some_are_lost(
    started: Path, tmp_path: Path
) -> None:
    project = tiny.copy(started, tmp_path / "shapes")
    tiny.run_dvc("repro split@own", project)
    tiny.commit(project, "60 shapes")
    first, second = sorted((project / "data/own/cross").iterdir())[:2]
    Image.new("L", (60, 60), 9).save(first.with_name("new.png"))
    assert tiny.repro(project, "split@own") == ["fetch@own", "split@own"]
    assert "+images: 61\n" in tiny.run("git diff data/datasets", project).stdout
    assert "+  nfiles: 61\n" in tiny.run("git diff data/own.dvc", project).stdout
    first.unlink()
    second.unlink()
    assert tiny.run("dvc repro fetch@own", project).stderr == (
        "own has fewer images than in the last commit: images: 60 → 59, class cross: 20 → 19\n"
    )


def test_start_can_be_called_again_with_other_images(started: Path, tmp_path: Path) -> None:
    project = tiny.copy(started, tmp_path / "shapes")
    pixels, labels = tiny.digits()
    table = pd.DataFrame(pixels[:100])
    table["label"] = [f"class {label % 2}" for label in labels[:100]]
    shutil.rmtree(project / "data/own")
    (project / "data/own").mkdir()
    table.to_csv(project / "data/own/digits.csv", index=False)
    printed = call(project, "start").stdout
    assert "  100 images of 2 classes: class 0 " in printed
    assert "  8 × 8 pixels, grey" in printed
    params = read_params(project)
    assert params["datasets"]["own"]["pixel_max"] == 16
    assert list(params["models"]) == ["pixels-svc", "pixels-trees"]
    tiny.commit(project, "A table")
    (project / "data/own/digits.csv").unlink()
    write_pictures(project / "data/own/train")
    write_pictures(project / "data/own/test", count=62)
    call(project, "start")
    params = read_params(project)
    assert params["splits"]["own"]["test"] == "given"
    assert "pixel_max" not in params["datasets"]["own"]
    assert list_unstaged(project) == []


@pytest.mark.parametrize("line", ["        - stages/fetch.py\n", "      params:\n        - da"])
def test_start_adds_the_images_to_the_stage_once(shapes: Path, line: str) -> None:
    write_pictures(shapes / "data/own")
    tiny.replace(shapes / "dvc.yaml", line, f"        - data/own\n{line}")
    tiny.commit(shapes, "data/own stands elsewhere")
    call(shapes, "start")
    assert "data/own" not in tiny.run("git diff --cached dvc.yaml", shapes).stdout


def test_edits_that_git_could_not_bring_back_are_not_lost(shapes: Path) -> None:
    write_pictures(shapes / "data/own")
    for name in ["params.yaml", "pyproject.toml"]:
        tiny.replace(shapes / name, r"\Z", "# mine\n")
    names = "params.yaml pyproject.toml"
    assert refuse(shapes) == (
        f"Error: your edits of {names} would be lost; commit them, or discard them by `git "
        f"restore {names}`\n"
    )
    tiny.run("git commit --all --quiet -m mine", shapes)
    call(shapes, "start")


def test_start_runs_only_in_a_generated_project(shapes: Path, tmp_path: Path) -> None:
    for folder in [tmp_path, shapes / "data"]:
        assert refuse(folder) == (
            f"Error: {folder} is not a generated project with a Git repository; make one by "
            "`make new DIR=../bottles` in a clone of digits, or by `uvx copier copy "
            "REPOSITORY_URL bottles`\n"
        )
    shutil.rmtree(shapes / ".git")
    assert "is not a generated project with a Git repository" in refuse(shapes)


@pytest.mark.variant
def test_start_for_handwriting_needs_no_pictures_yet(shapes: Path) -> None:
    assert "  dvc add data/own\n" in call(shapes, "start", "--handwriting").stdout
    assert list_unstaged(shapes) == []
    write_pictures(shapes / "data/own")
    for shape, digit in zip(SHAPES, "071", strict=True):
        (shapes / "data/own" / shape).rename(shapes / "data/own" / digit)
    counts = "60 images of 3 classes: 0 20, 1 20, 7 20\n"
    assert counts in call(shapes, "fetch", "own").stdout
    printed = call(shapes, "start", "--handwriting").stdout
    assert f"  models: pixels-svc, gradients-svc\n  {counts}" in printed
    assert "dvc add" not in printed
    assert (shapes / "data/own.dvc").exists()


def write_images(root: Path, pixels: Any) -> None:
    """Write pictures of two classes, shape (n_images, height, width) or (…, 3)."""
    for number, image in enumerate(pixels):
        path = root / ["fog", "rain"][number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


@pytest.mark.variant
def test_start_for_photos_adds_the_weights_of_the_network(shapes: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
    write_images(shapes / "data/own", noise)
    pyproject = (shapes / "pyproject.toml").read_text("utf-8")
    printed = call(shapes, "start").stdout
    assert "  16 images of 2 classes: fog 8, rain 8\n" in printed
    assert "  pyproject.toml names other extras, which `make repro` installs\n" in printed
    params = read_params(shapes)
    assert params["datasets"]["own"]["network"] == "efficientnet_lite0"
    assert {model["folds"] for model in params["models"].values()} == {5}
    assert list_unstaged(shapes) == []
    edited = pyproject.replace("extras = []", 'extras = ["digits[network]"]')
    assert (shapes / "pyproject.toml").read_text("utf-8") == edited
    shutil.rmtree(shapes / "data/own")
    write_pictures(shapes / "data/own")
    call(shapes, "start")
    assert (shapes / "pyproject.toml").read_text("utf-8") == pyproject


@pytest.mark.parametrize(
    ("before", "others"),
    [
        ('["digits[s3]", "digits[networks]"]', ["digits[s3]"]),
        ('[\n  "digits[networks]",\n  # of the bucket\n  "digits[s3]",\n]', ["digits[s3]"]),
        ('["digits[ssh]", "networkx"]', ["digits[ssh]", "networkx"]),
    ],
)
def test_start_keeps_the_extras_of_the_user(before: str, others: list[str]) -> None:
    text = f"[tool.x]\nextras = [1]\n[dependency-groups]\ndev = []\nextras = {before}  # [1]\n"
    for weights, expected in [('"digits[network]"', ["digits[network]"]), ("", [])]:
        edited = start.edit_extras(text, weights)
        assert start.edit_extras(edited, weights) == edited
        content = tomllib.loads(edited)
        assert content["dependency-groups"] == {"dev": [], "extras": expected + others}
        assert content["tool"] == {"x": {"extras": [1]}}
        assert edited.count("#") == text.count("#")
    with pytest.raises(UserError, match=r"^pyproject\.toml: write `extras = \[\]` below \["):
        start.edit_extras(text.replace("\nextras", "\nother"), "")


def write_damaged(root: Path) -> None:
    write_pictures(root)
    for name in ["line/2.png", "cross/1.jpg"]:
        (root / name).write_bytes(b"")


def write_link(root: Path) -> None:
    write_pictures(root.parents[2] / "elsewhere")
    root.symlink_to(root.parents[2] / "elsewhere")


def write_groups(root: Path, n_groups: int, pattern: str) -> None:
    """Write shapes that some people have drawn, in folders such as `{shape}/{person}`."""
    write_pictures(root, count=90)
    for number, path in enumerate(sorted(root.glob("*/*"))):
        shape, person = path.parent.name, f"person {'abcdef'[number % n_groups]}"
        folder = root / pattern.format(shape=shape, person=person)
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)
    for shape in SHAPES:
        with contextlib.suppress(OSError):  # if it is not empty
            (root / shape).rmdir()


write_three_groups = partial(write_groups, n_groups=3, pattern="{shape}/{person}")


def write_few_circles(root: Path) -> None:
    write_groups(root, 6, "{shape}/{person}")
    for number, folder in enumerate(sorted((root / "circle").iterdir())):
        if number < 3:
            folder.rename(folder.with_name(f"artist {number}"))  # by its checksum, for training
        else:
            shutil.rmtree(folder)


BLACK = np.zeros((40, 8, 8), np.uint8)
GROUPS = ["--layout", "{class}/{group}/*"]
UNUSABLE: dict[str, tuple[Callable[[Path], None], list[str], str]] = {
    "black pictures": (
        partial(write_images, pixels=BLACK),
        [],
        "all pixels of all images are 0",
    ),
    "few pictures": (partial(write_pictures, count=6), [], "fewer than 4 images: circle 2, "),
    "damaged pictures": (write_damaged, [], "2 of 60 pictures cannot be read, those above; "),
    "few groups": (write_three_groups, GROUPS, "too few for the models (folds: 3; at most 2"),
    "few groups of a class": (
        write_few_circles,
        GROUPS,
        "circle has too few groups (3, expected",
    ),
    "a link, which DVC refuses": (write_link, [], "Error: DVC cannot store data/own: "),
}


@pytest.mark.parametrize("case", mark_variants(UNUSABLE.values()), ids=UNUSABLE)
def test_start_changes_nothing_if_it_cannot_use_the_images(
    shapes: Path, case: tuple[Callable[[Path], None], list[str], str]
) -> None:
    make, options, reason = case
    assert "data/own was not found; put" in refuse(shapes)
    make(shapes / "data/own")
    assert reason in refuse(shapes, *options)


@pytest.mark.variant
def test_start_asks_which_of_two_levels_of_folders_is_the_class(shapes: Path) -> None:
    write_groups(shapes / "data/own", 6, "{person}/{shape}")
    shown = refuse(shapes)
    three_shapes = "90 images of 3 classes: circle 30, cross 30, line 30; 6 groups: person a, "
    six_people = "90 images of 6 classes: person a 15, "
    by_command = shown.split("digits start ")
    [right] = [text for text in by_command if three_shapes in text]
    [wrong] = [text for text in by_command if six_people in text]
    assert re.search(r"g → class circle, group person [a-f]\n", right)
    assert re.search(r"g → class person [a-f]\n", wrong)  # there are too few groups of them
    assert "data/own can be read in these ways: run the line whose questions" in shown
    words = shlex.split(right.splitlines()[0])
    printed = call(shapes, "start", *words).stdout
    assert "  90 images of 3 classes: circle 30, cross 30, line 30\n" in printed
    assert "  6 groups: person a, person b" in printed
    assert read_params(shapes)["datasets"]["own"]["layout"] == words[1]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--layout", "{class}/*", "--class", "x"], "--class and --group need no --layout"),
        (["--handwriting", "--min-images", "9"], "--handwriting needs no other option"),
        (["--layout", "{train: {class}/*}"], "{train: {class}/*} is no YAML; write quotation"),
        (["--test", "b/*"], "--test needs --layout, which says what"),
    ],
)
def test_start_refuses_options_that_do_not_fit(
    generated: Path, options: list[str], line: str
) -> None:
    assert line in call(generated, "start", *options, status=2).stderr


LAYOUTS: dict[str, tuple[str | None, str | None, Any]] = {
    "a pattern": ("{class}/*", None, "{class}/*"),
    "a pattern with a sign in brackets": ("[#]1/{class}/*", None, "[#]1/{class}/*"),
    "a pattern with a brace in brackets": ("[{]1/{class}/*", None, "[{]1/{class}/*"),
    "a list": ('["{class}/a/*", b/*]', None, ["{class}/a/*", "b/*"]),
    "a mapping": ('{files: "{class}/*"}', None, {"files": "{class}/*"}),
    "both sets": ("a/*", "{files: b/*}", {"train": "a/*", "test": {"files": "b/*"}}),
}


@pytest.mark.parametrize(("layout", "test", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_options_of_start_are_patterns_or_yaml(
    layout: str | None, test: str | None, expected: Any
) -> None:
    assert start.parse_options(layout, test) == expected


def test_a_layout_is_written_with_the_letters_of_its_files() -> None:
    layout = {"files": "Café/{class}/*", "unused": ["Thé/*"]}
    entry = {"sources": [{"files": "data/own"}], "layout": layout}
    text = start.render(entry, DEFAULTS_FOR_DIGITS, None, 3)
    block = "    layout:\n      files: Café/{class}/*\n      unused:\n      - Thé/*\n"
    assert f"an error.\n{block}    shape:\n" in text


def test_start_restores_all_files_if_git_cannot_stage_them(shapes: Path) -> None:
    write_pictures(shapes / "data/own")
    (shapes / ".git/index.lock").touch()  # as while another command of Git runs
    assert refuse(shapes).startswith("Error: fatal: Unable to create ")


@pytest.mark.variant
def test_start_restores_all_files_if_it_is_stopped(shapes: Path) -> None:
    write_pictures(shapes / "data/own")
    # Git may run this filter before, too. When all files are written, it stops the parent of
    # Git, which is `digits`.
    stop = (
        "tee .git/filtered; if grep -q '^  own:' .git/filtered; then "
        "kill -INT $(ps -o ppid= -p $PPID); sleep 1; fi"
    )
    tiny.run(["git", "config", "filter.stop.clean", stop], shapes)
    (shapes / ".git/info/attributes").write_text("params.yaml filter=stop\n")
    before = tiny.files(shapes)
    assert "Aborted!" in tiny.run("digits start", shapes, status=1).stderr
    assert tiny.files(shapes) == before


@pytest.mark.variant
def test_start_writes_the_scale_of_small_drawings_of_more_than_8_bits(shapes: Path) -> None:
    rows, columns = np.random.default_rng(0).integers(1, 8, (2, 30))
    drawings = np.zeros((30, 9, 9), np.uint16)
    for number, drawing in enumerate(drawings):
        drawing[rows[number]] = drawing[1:8, columns[number]] = 4_000 + 10 * number
    write_images(shapes / "data/own", drawings)
    assert "small drawings, so there is no network" in call(shapes, "start").stdout
    assert read_params(shapes)["datasets"]["own"]["white"] == 8_191


def test_so_many_images_are_asked_for_that_the_training_set_has_enough() -> None:
    X = np.random.default_rng(0).integers(0, 256, (40, 4, 4), np.uint8)
    images = Images(X.reshape(40, -1), pd.DataFrame({"class": [0] * 38 + [1] * 2}))
    message = r"^1 of 2 classes .+ by `digits start --min-images 4`$"
    with pytest.raises(UserError, match=message):
        start.select_train_images(images)


@pytest.mark.parametrize(
    ("n_images", "n_groups", "n_folds"), [(3, 0, 3), (30, 0, 5), (30, 4, 4)]
)
def test_models_have_fewer_folds_if_images_or_groups_are_few(
    n_images: int, n_groups: int, n_folds: int
) -> None:
    images = pd.DataFrame({"class": [0] * 30 + [1] * n_images})
    if n_groups:
        images["group"] = np.arange(len(images)) % n_groups
    assert start.choose_n_folds(images, 5) == n_folds


@pytest.mark.variant
@pytest.mark.parametrize(("name", "command"), [("%(x)s", "start"), ("${HOME}", "setup")])
def test_a_folder_in_which_dvc_cannot_work_is_refused(
    shapes: Path, name: str, command: str
) -> None:
    project = shapes.rename(shapes.parent / name)
    write_pictures(project / "data/own")
    before = tiny.files(project)
    error = call(project, command, status=1).stderr
    assert error.startswith(f"Error: DVC cannot work in {project}; rename the folder, ")
    assert tiny.files(project) == before
