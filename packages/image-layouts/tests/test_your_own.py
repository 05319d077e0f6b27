"""Do what packages/image-layouts/docs/your-own.md says, with pictures of shapes.

The new project is checked afterwards.
"""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
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
from image_layouts.labelled_images import LabelledImages
from image_layouts.pipeline import start
from image_layouts.pipeline.defaults import (
    DEFAULTS_FOR_DIGITS,
    Defaults,
    find_defaults,
    find_defaults_of_pictures,
)
from tests.helpers import pages, tiny
from tests.helpers.calls import call, failure
from tests.helpers.imports import list_imported_names
from tests.helpers.variants import mark_variants

YOUR_OWN = "packages/image-layouts/docs/your-own.md"

HANDWRITING = "packages/digits-handwriting"

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")

# Words that have no place in a project about shapes.
FOREIGN_WORDS = re.compile(r"MNIST|tutorial|handwrit|\bdigit\b|small-", re.IGNORECASE)

# Files that both the project and upstream change before the merge.
CHANGED_UPSTREAM = ["README.md", "params.yaml", "docs/tutorials.md", "digits/core/paths.py"]


def make_clone(root: Path) -> Path:
    tiny.copy_repository(root)
    tiny.commit(root, "this project")
    return root


def run(command: str, project: Path) -> str:
    """Run shell commands with the project's own package, and return what they print."""
    done = tiny.run(["bash", "-c", command], project, PYTHONPATH=str(project))
    return done.stdout + done.stderr


def commit_upstream(origin: Path) -> None:
    """Commit changes to the project that the clone was made from."""
    for name in CHANGED_UPSTREAM:
        with (origin / name).open("a", encoding="utf-8") as file:
            file.write("\n\n# new upstream\n")
    tiny.commit(origin, "Improvements")


def read_blocks(page: str) -> list[list[pages.Step]]:
    """Return the steps in each block of commands of a page."""
    text = (tiny.ROOT / page).read_text(encoding="utf-8")
    return [pages.read_steps(block[0]) for block in pages.BLOCK.finditer(text)]


class Walk:
    """A reader who does what the page says.

    Attributes:
        origin: the project that is cloned.
        hosted: the empty repository of the new project.
        project: the new project.
    """

    def __init__(self, root: Path) -> None:
        self.origin = make_clone(root / "origin")
        self.hosted = root / "hosted.git"
        self.project = root / "shapes"
        tiny.run(["git", "init", "--quiet", "--bare", "-b", "main", str(self.hosted)], root)

    def do_block(self, steps: list[pages.Step]) -> None:
        """Run the commands of a block, and do what the text around it asks for."""
        # The environment of the tests is active.
        environment = {"make venv", "source .venv/bin/activate"}
        steps = [step for step in steps if step.command not in environment]
        if not steps:
            return
        first = steps[0].command
        if first.startswith("digits predict"):
            shutil.copy(self.project / "data/own/cross/1.jpg", self.project.parent / "new.jpg")
        if first.startswith("git fetch"):
            commit_upstream(self.origin)

        folder = self.project.parent if "REPOSITORY_URL" in first else self.project
        pages.run([self.fill_in(step) for step in steps], folder)

        if first.startswith("git clone -q REPOSITORY_URL"):
            pretend_installed(self.project)

    def fill_in(self, step: pages.Step) -> pages.Step:
        """Return a step with the addresses of this reader's repositories."""
        command, output = step
        for word, path in [("REPOSITORY_URL", self.origin), ("YOUR_URL", self.hosted)]:
            command = command.replace(word, str(path))
            output = output.replace(word, str(path))
        if "fix conflicts" in output:
            command += " || true"
        return pages.Step(command, output)


def pretend_installed(project: Path) -> None:
    """Make `make` take the environment as installed, because that of the tests is active."""
    (project / ".venv").mkdir(exist_ok=True)
    for mark in [".locked", ".installed", ".dev"]:
        (project / ".venv" / mark).touch()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project of a reader who has done what the page says."""
    walk = Walk(tmp_path_factory.mktemp("own"))
    for steps in read_blocks(YOUR_OWN):
        walk.do_block(steps)
    return walk.project


@pytest.mark.slow
def test_the_page_leads_to_models_of_shapes(project: Path) -> None:
    for name in ["gradients-svc", "pixels-svc"]:
        metrics = json.loads((project / f"metrics/{name}.json").read_text())
        assert metrics["accuracy"] > 0.8
    confusion = pd.read_csv(project / "plots/pixels-svc/confusion.csv")
    assert set(confusion["actual"]) == set(SHAPES)


@pytest.mark.slow
def test_the_page_leads_to_the_code_of_upstream(project: Path) -> None:
    merged = run("git diff --name-only HEAD~2 HEAD~1", project)
    assert merged == "digits/core/paths.py\n"
    assert not (project / "docs/tutorials.md").exists()
    assert tiny.run("git status --porcelain", project).stdout == ""


@pytest.mark.slow
def test_the_new_project_says_nothing_about_digits(project: Path) -> None:
    commands = "make help && digits leaderboard && digits check && digits show own"
    printed = run(f"{commands} && digits --help", project)
    assert "digits start" not in printed
    page = (project / "report.html").read_text(encoding="utf-8")
    visible = re.sub("<(style|script).+?</(style|script)>", "", page, flags=re.DOTALL)
    assert FOREIGN_WORDS.findall(printed) == []
    assert FOREIGN_WORDS.findall(visible) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_tests_of_the_new_project_pass(project: Path) -> None:
    run("make lint test", project)


@pytest.fixture(scope="session")
def clone(request: pytest.FixtureRequest) -> Path:
    """Return a clone of this project. Do not change it."""
    return tiny.once(request, "clone", make_clone)


def copy_clone(clone: Path, root: Path) -> Path:
    """Return a clone called `shapes`, with the remote that `make venv` configures."""
    project = tiny.copy(clone, root / "shapes")
    call(project, "setup")
    return project


@pytest.fixture
def shapes(clone: Path, tmp_path: Path) -> Path:
    """Return a clone called `shapes`, with the remote that `make venv` configures."""
    return copy_clone(clone, tmp_path)


@pytest.fixture(scope="module")
def started(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone in which `digits start` was called. Do not change it."""
    project = copy_clone(clone, tmp_path_factory.mktemp("started"))
    (project / "data/raw").mkdir()
    (project / "data/raw/small.parquet").touch()
    write_pictures(project / "data/own")
    printed = call(project, "start").stdout
    assert "  60 images of 3 classes: circle 20, cross 20, line 20\n" in printed
    assert "nearly equal" not in printed
    return project


def test_start_leaves_a_project_whose_images_are_in_dvc(started: Path) -> None:
    assert call(started, "check").output == "params.yaml is valid.\n"
    assert "data/own.dvc" in tiny.run("git diff --name-only --cached", started).stdout


def test_one_command_takes_in_pictures_and_says_if_some_are_lost(
    started: Path, tmp_path: Path
) -> None:
    project = tiny.copy(started, tmp_path / "shapes")
    summary = "data/datasets/own.yaml"
    first, second = sorted((project / "data/own/cross").iterdir())[:2]
    tiny.run_dvc("repro split@own", project)
    tiny.commit(project, "60 shapes")
    Image.new("L", (60, 60), 9).save(first.with_name("new.png"))
    assert tiny.repro(project, "split@own") == ["fetch@own", "split@own"]
    assert "+images: 61\n" in tiny.run(f"git diff {summary}", project).stdout
    assert "+  nfiles: 61\n" in tiny.run("git diff data/own.dvc", project).stdout
    for path in [first, second]:
        path.unlink()
    line = (
        "own has fewer images than in the last commit: images: 60 → 59, class cross: 20 → 19\n"
    )
    assert tiny.run("dvc repro fetch@own", project).stderr == line
    assert "-images: 60\n+images: 59\n" in tiny.run(f"git diff {summary}", project).stdout


@pytest.mark.variant
def test_start_can_be_called_again_with_other_images(shapes: Path) -> None:
    pixels, labels = tiny.digits()
    table = pd.DataFrame(pixels[:100])
    table["label"] = [f"class {label % 2}" for label in labels[:100]]
    (shapes / "data/own").mkdir()
    table.to_csv(shapes / "data/own/digits.csv", index=False)
    printed = call(shapes, "start").stdout
    assert "  100 images of 2 classes: class 0 " in printed
    assert "  8 × 8 pixels, grey" in printed
    params = yaml.safe_load((shapes / "params.yaml").read_text(encoding="utf-8"))
    assert params["datasets"]["own"]["pixel_max"] == 16
    assert list(params["models"]) == ["pixels-svc", "pixels-trees"]
    tiny.run("git restore .", shapes)
    (shapes / "data/own/digits.csv").unlink()
    written = "metrics/pixels-svc.json plots/pixels-svc/metrics.csv data/datasets/own.yaml"
    for result in written.split():
        (shapes / result).parent.mkdir(exist_ok=True)
        (shapes / result).touch()
    write_pictures(shapes / "data/own/train")
    write_pictures(shapes / "data/own/test", count=62)
    call(shapes, "start")
    params = yaml.safe_load((shapes / "params.yaml").read_text(encoding="utf-8"))
    assert params["splits"]["own"]["test"] == "given"
    assert "pixel_max" not in params["datasets"]["own"]


def test_make_start_says_how_to_type_what_start_asks_for(shapes: Path) -> None:
    pretend_installed(shapes)
    done = tiny.run("make start", shapes, status=2, PYTHONPATH=str(shapes))
    assert "data/own was not found; put" in done.stderr
    assert "of `digits`, run `source .venv/bin/activate`." in done.stdout


def test_start_for_many_drawings_writes_models_that_are_trained_fast() -> None:
    for are_many, parameters in [(False, {}), (True, {"n_components": 60})]:
        text = start.render(
            "params.yaml",
            kind="files",
            entry={"sources": [{"files": "data/own"}], "shape": [28, 28]},
            defaults=DEFAULTS_FOR_DIGITS,
            are_many=are_many,
        )
        model = yaml.safe_load(text)["models"]["gradients-svc"]
        assert model["feature_parameters"] == parameters


@pytest.mark.variant
@pytest.mark.skipif(not tiny.HANDWRITING.exists(), reason="the package was deleted")
def test_start_for_handwriting_needs_no_pictures_yet(shapes: Path) -> None:
    assert "  dvc add data/own\n" in call(shapes, "start", "--handwriting").stdout
    assert find_folders_of_tests(shapes) == {"core", "helpers"}
    assert (shapes / HANDWRITING).exists()
    write_pictures(shapes / "data/own")
    for shape, digit in zip(SHAPES, "071", strict=True):
        (shapes / "data/own" / shape).rename(shapes / "data/own" / digit)
    assert "60 images of 3 classes: 0 20, 1 20, 7 20\n" in call(shapes, "fetch", "own").stdout
    assert set(start.CODE_OF_HANDWRITING) < set(read_fetch(shapes)["deps"])


@pytest.mark.variant
def test_start_for_photos_lets_make_install_the_network(shapes: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ["fog", "rain"]:
        (shapes / "data/own" / name).mkdir(parents=True)
        for number in range(8):
            photo = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(photo).save(shapes / f"data/own/{name}/{number}.png")
    assert "  16 images of 2 classes: fog 8, rain 8\n" in call(shapes, "start").stdout
    params = yaml.safe_load((shapes / "params.yaml").read_text(encoding="utf-8"))
    assert params["datasets"]["own"]["network"] == "efficientnet_lite0"
    assert {model["folds"] for model in params["models"].values()} == {5}
    makefile = (shapes / "Makefile").read_text(encoding="utf-8")
    assert "\nEXTRAS := network\n" in makefile
    assert "demo" not in makefile


def write_damaged(root: Path) -> None:
    write_pictures(root)
    for name in ["line/2.png", "cross/1.jpg"]:
        (root / name).write_bytes(b"")


def write_groups(root: Path, n_groups: int, pattern: str) -> None:
    """Write pictures of shapes in two levels of folders.

    Args:
        root: the folder.
        n_groups: how many people have drawn each shape.
        pattern: the folders, such as `{shape}/{person}`.
    """
    write_pictures(root, count=90)
    for number, path in enumerate(sorted(root.glob("*/*"))):
        shape, person = path.parent.name, f"person {'abcdef'[number % n_groups]}"
        folder = root / pattern.format(shape=shape, person=person)
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)
    for shape in SHAPES:
        with contextlib.suppress(OSError):  # if it is not empty
            (root / shape).rmdir()


def write_black(root: Path) -> None:
    for number in range(40):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(path)


UNUSABLE = {
    "black pictures": (write_black, "all pixels of all images are 0, which is black"),
    "few pictures": (
        partial(write_pictures, count=6),
        "most classes have fewer than 4 images: circle 2, cross 2",
    ),
    "damaged pictures": (write_damaged, "2 of 60 pictures cannot be read, those above; "),
}


@pytest.mark.parametrize("case", mark_variants(UNUSABLE.values()), ids=UNUSABLE)
def test_start_changes_nothing_if_it_cannot_use_the_images(
    shapes: Path, case: tuple[Callable[[Path], None], str]
) -> None:
    make, reason = case
    assert "data/own was not found; put" in failure(shapes, "start")
    make(shapes / "data/own")
    assert reason in call(shapes, "start", status=1).stderr
    assert tiny.run("git status --porcelain", shapes).stdout == ""


@pytest.mark.variant
def test_start_asks_which_of_two_levels_of_folders_is_the_class(shapes: Path) -> None:
    write_groups(shapes / "data/own", 6, "{person}/{shape}")
    shown = call(shapes, "start", status=1).stderr
    assert tiny.run("git status --porcelain", shapes).stdout == ""
    three_shapes = "90 images of 3 classes: circle 30, cross 30, line 30; 6 groups: person a, "
    six_people = "90 images of 6 classes: person a 15, "
    by_command = shown.split("digits start ")
    [right] = [text for text in by_command if three_shapes in text]
    [wrong] = [text for text in by_command if six_people in text]
    assert re.search(r"g → class circle, group person [a-f]\n", right)
    assert re.search(r"g → class person [a-f]\n", wrong)  # there are too few groups of them
    assert "data/own can be read in these ways, or in others; choose the right one" in shown

    words = shlex.split(right.splitlines()[0])
    started = call(shapes, "start", *words).stdout
    assert "  90 images of 3 classes: circle 30, cross 30, line 30\n" in started
    assert "  6 groups: person a, person b" in started
    entry = yaml.safe_load((shapes / "params.yaml").read_text(encoding="utf-8"))
    assert entry["datasets"]["own"]["layout"] == words[1]
    assert call(shapes, "check").stdout == "params.yaml is valid.\n"


@pytest.mark.variant
def test_start_refuses_too_few_groups_for_the_folds(shapes: Path) -> None:
    write_groups(shapes / "data/own", 3, "{shape}/{person}")
    line = failure(shapes, "start", "--layout", "{class}/{group}/*")
    assert (
        "2 groups are in the training set, too few for the models (folds: 3; at most 2" in line
    )
    assert tiny.run("git status --porcelain", shapes).stdout == ""


@pytest.mark.variant
def test_start_refuses_a_class_of_too_few_groups_for_the_test_set(shapes: Path) -> None:
    write_groups(shapes / "data/own", 6, "{shape}/{person}")
    of_circles = sorted((shapes / "data/own/circle").iterdir())
    for number, folder in enumerate(of_circles):
        if number < 3:
            folder.rename(folder.with_name(f"artist {number}"))  # by its checksum, for training
        else:
            shutil.rmtree(folder)
    assert failure(shapes, "start", "--layout", "{class}/{group}/*") == (
        "Error: the class circle has too few groups (3, expected 4)"
    )
    assert tiny.run("git status --porcelain", shapes).stdout == ""


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
    shapes: Path, options: list[str], line: str
) -> None:
    assert line in call(shapes, "start", *options, status=2).stderr


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


def test_start_refuses_files_that_are_not_as_in_a_new_clone() -> None:
    stages = (tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8")
    with pytest.raises(
        UserError, match=r"dvc\.yaml is not as in a new clone; clone the project"
    ):
        start.edit_stages(stages.replace("stages/fetch.py", "stages/get.py"), [])
    targets = (tiny.ROOT / "Makefile").read_text(encoding="utf-8")
    for line in ["DEMO := ", "help demo start repro", "EXTRAS :="]:
        with pytest.raises(UserError, match="Makefile is not as in a new clone; clone the"):
            start.edit_targets(targets.replace(line, ""), "")


def test_a_layout_is_written_with_the_letters_of_its_files() -> None:
    written = start.write_block({"files": "Café/{class}/*", "unused": ["Thé/*"]})
    assert written == (
        "    layout:\n      files: Café/{class}/*\n      unused:\n      - Thé/*\n"
    )


def test_start_restores_all_files_if_it_cannot_finish(shapes: Path) -> None:
    shutil.rmtree(shapes / "docs/notebooks")
    (shapes / "docs/notebooks").symlink_to(".")  # `rmtree` refuses links
    tiny.commit(shapes, "a link")
    assert "Cannot call rmtree on a symbolic link" in failure(shapes, "start", "--handwriting")
    assert tiny.run("git status --porcelain", shapes).stdout == ""


def test_so_many_images_are_asked_for_that_the_training_set_has_enough() -> None:
    X = np.random.default_rng(0).integers(0, 256, (40, 4, 4), np.uint8)
    images = Images(X.reshape(40, -1), pd.DataFrame({"class": [0] * 38 + [1] * 2}))
    with pytest.raises(
        UserError, match=r"^1 of 2 classes .+ by `digits start --min-images 4`$"
    ):
        start.check_images(images, start.select_train_images(images))


@pytest.mark.parametrize(
    ("n_images", "n_groups", "n_folds"),
    [(3, None, 3), (30, None, 5), (30, 4, 4)],
)
def test_models_have_fewer_folds_if_images_or_groups_are_few(
    n_images: int, n_groups: int | None, n_folds: int
) -> None:
    images = pd.DataFrame({"class": [0] * 30 + [1] * n_images})
    if n_groups:
        images["group"] = np.arange(len(images)) % n_groups
    assert start.choose_n_folds(images, 5) == n_folds


def read_fetch(project: Path) -> dict[str, Any]:
    """Return the definition of the stage `fetch`."""
    definitions = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))
    definition: dict[str, Any] = definitions["stages"]["fetch"]["do"]
    return definition


def find_folders_of_tests(project: Path) -> set[str]:
    return {path.name for path in (project / "tests").iterdir() if path.is_dir()}


def test_start_deletes_what_the_new_project_does_not_need(started: Path) -> None:
    for name in ["metrics", "plots", "dvc.lock", "data/raw", "bench", HANDWRITING]:
        assert not (started / name).exists()
    assert find_folders_of_tests(started) == {"core", "helpers"}
    assert (started / "packages/dvc-parallel/pyproject.toml").exists()


def test_nothing_in_the_new_project_imports_what_was_deleted(started: Path) -> None:
    for path in [*started.glob("digits/**/*.py"), *started.glob("tests/**/*.py")]:
        for name in list_imported_names(path):
            if name.split(".")[0] not in ("digits", "docs", "stages", "tests"):
                continue
            target = started.joinpath(*name.split("."))  # of a module, or of a name in a module
            modules = [target, target.with_suffix(".py"), target.parent.with_suffix(".py")]
            modules.append(target.parent / "__init__.py")
            assert any(module.exists() for module in modules), f"{path} imports {name}"


@pytest.mark.skipif(not tiny.HANDWRITING.exists(), reason="some folders were deleted")
@pytest.mark.parametrize("pattern", [*start.DELETED, *start.HANDWRITING])
def test_what_start_deletes_exists(pattern: str) -> None:
    is_output = pattern.startswith(("data/", "models/"))
    assert is_output or list(tiny.ROOT.glob(pattern))


def test_start_leaves_no_link_to_a_page_that_it_deletes(started: Path) -> None:
    for page in [*started.glob("*.md"), *started.glob("docs/**/*.md")]:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            address, _, _ = target.partition("#")
            if not re.match("https?:", target):
                assert (page.parent / address).exists(), f"{page}: {target}"


def test_start_edits_the_stages_and_the_settings_of_tools(started: Path) -> None:
    fetch = read_fetch(started)
    assert {"data/own", *start.CODE_OF_PICTURES} < set(fetch["deps"])
    assert not {*start.CODE_OF_NETWORKS, *start.CODE_OF_HANDWRITING} & set(fetch["deps"])
    assert {"pillow", "scipy"} < set(fetch["params"][1]["stages/versions.yaml"])
    assert (started / "README.md").read_text(encoding="utf-8").endswith("\n")
    makefile = (started / "Makefile").read_text(encoding="utf-8")
    assert "demo" not in makefile  # `make repro` does the same
    assert "digits start" not in makefile
    assert "../shapes-remote" in (started / ".dvc/config").read_text()
    local_config = (started / ".dvc/config.local").read_text()
    assert f"url = {started.parent}/shapes-remote\n" in local_config


@pytest.mark.variant
def test_a_second_start_says_how_the_first_one_is_undone(started: Path, tmp_path: Path) -> None:
    project = tiny.copy(started, tmp_path / "copy")
    done = tiny.run("digits start", project, status=1, PYTHONPATH=str(project))
    assert done.stderr.startswith("Error: `digits start` has already run here; to undo it")
    tiny.run("git restore .", project)
    assert "  60 images of 3 classes: " in call(project, "start").stdout


def test_start_changes_nothing_if_dvc_cannot_store_the_images(shapes: Path) -> None:
    write_pictures(shapes.parent / "elsewhere")
    (shapes / "data/own").symlink_to(shapes.parent / "elsewhere")
    message = failure(shapes, "start")
    assert message.startswith("Error: DVC cannot store data/own: ")
    assert tiny.run("git status --porcelain", shapes).stdout == ""
    assert not (shapes / "data/own.dvc").exists()


@pytest.mark.variant
@pytest.mark.parametrize("name", ["photos#2", "it's, ü"])
def test_the_remote_of_a_new_project_has_the_name_of_its_folder(
    shapes: Path, name: str
) -> None:
    project = shapes.rename(shapes.parent / name)
    (project / ".dvc/config.local").unlink()
    call(project, "setup")
    write_pictures(project / "data/own")
    call(project, "start")
    tiny.run_dvc("push data/own.dvc", project)
    remote = project.parent / f"{name}-remote"
    assert len([path for path in remote.rglob("*") if path.is_file()]) > 60
    assert "# Beside the clone." in (project / ".dvc/config").read_text(encoding="utf-8")


@pytest.mark.variant
@pytest.mark.parametrize(("name", "command"), [("%(x)s", "start"), ("${HOME}", "setup")])
def test_a_folder_in_which_dvc_cannot_work_is_refused(
    shapes: Path, name: str, command: str
) -> None:
    project = shapes.rename(shapes.parent / name)
    write_pictures(project / "data/own")
    error = call(project, command, status=1).stderr
    assert error.startswith(f"Error: DVC cannot work in {project}; rename the folder, ")
    assert tiny.run("git status --porcelain", project).stdout == ""


def test_what_git_could_not_bring_back_is_not_touched(shapes: Path) -> None:
    message = failure(shapes / "stages", "start")
    assert message == (
        f"Error: {shapes / 'stages'} is not a new clone of this project; `git clone` it, and run "
        "`digits start` there"
    )
    write_pictures(shapes / "data/own")
    result = tiny.run("git ls-files metrics/*.json", shapes).stdout.split()[0]
    for name in [result, "plots/figure.png", os.fsdecode(b"caf\xe9.txt")]:
        path = shapes / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        message = failure(shapes, "start")
        shown = name.encode(errors="ignore").decode().removesuffix(".txt")
        assert message.startswith(f"Error: Git has uncommitted changes, first {shown}")
        assert "; commit or stash them, or, if an earlier `digits start` has made " in message
        assert path.read_text() == "{}"
        path.unlink()
        tiny.run("git restore .", shapes)


PHOTOS, DRAWINGS = "efficientnet_lite0", "efficientnet_lite1"
WITH_COLORS = ["network-gradients-svc", "network-colors-svc", "gradients-svc"]
WITH_GREY = ["network-gradients-svc", "gradients-svc"]
SMALL = ["pixels-svc", "gradients-svc"]


def write_noise(path: Path, side: int, saturation: int, background: float) -> None:
    """Write a picture of grey noise with a colour, below a white background.

    Args:
        path: the file.
        side: the height and the width.
        saturation: the difference between red and the other two colours, except in white.
        background: the share of the rows that are white.
    """
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256 - saturation, (side, side, 1), dtype=np.uint8)
    pixels = np.repeat(grey, 3, axis=2)
    pixels[:, :, 0] += np.uint8(saturation)
    pixels[: round(side * background)] = 255
    Image.fromarray(pixels).save(path)


IN_COLOR = "pictures in colour"


@pytest.mark.parametrize(
    ("side", "saturation", "background", "kind", "network", "shape", "models"),
    [
        (100, 60, 0, IN_COLOR, PHOTOS, [64, 64, 3], WITH_COLORS),
        (100, 5, 0, "grey pictures", PHOTOS, [64, 64], WITH_GREY),
        (30, 60, 0, IN_COLOR, PHOTOS, [64, 64, 3], WITH_COLORS),
        (100, 0, 0.6, "large drawings", DRAWINGS, [28, 28], WITH_GREY),
        (64, 49, 0.6, "large drawings", DRAWINGS, [28, 28], WITH_GREY),
        (100, 52, 0.6, IN_COLOR, PHOTOS, [64, 64, 3], WITH_COLORS),
        (63, 0, 0.6, "small drawings", None, [28, 28], SMALL),
    ],
)
def test_start_looks_at_the_pictures(
    tmp_path: Path,
    side: int,
    saturation: int,
    background: float,
    kind: str,
    network: str | None,
    shape: list[int],
    models: list[str],
) -> None:
    path = tmp_path / "0.png"
    write_noise(path, side, saturation, background)
    defaults = find_defaults_of_pictures(iter([path]), 1)
    assert (defaults.network, defaults.shape) == (network, shape)
    assert defaults.max_folds == (5 if network else 3)
    reason = f"the network is {network}" if network else "there is no network"
    assert defaults.describe() == f"most look like {kind}, so {reason}"
    text = start.render("params.yaml", kind="files", entry={"sources": []}, defaults=defaults)
    assert list(yaml.safe_load(text)["models"]) == models


@pytest.mark.parametrize(
    ("shape", "is_color", "suits_copies"),
    [
        ([20, 20], False, True),
        ([19, 19], False, False),
        ([20, 24], False, False),
        ([20, 20, 3], True, False),
        ([256, 256], False, True),
    ],
)
def test_start_looks_at_the_shape_of_arrays(
    shape: list[int], is_color: bool, suits_copies: bool
) -> None:
    defaults = find_defaults(LabelledImages(pd.DataFrame(), lambda: iter([]), shape))
    assert defaults.shape == shape
    kind = "arrays in colour" if is_color else "grey arrays"
    assert defaults.describe() == f"most look like {kind}, so there is no network"
    assert defaults.suits_copies == suits_copies
    assert defaults.max_folds == 3


@pytest.mark.parametrize("shape", [[257, 8], [8, 257, 3]])
def test_start_refuses_arrays_of_large_images(shape: list[int]) -> None:
    with pytest.raises(UserError, match=f"images of {shape[0]} × {shape[1]}.* cannot be used"):
        find_defaults(LabelledImages(pd.DataFrame(), lambda: iter([]), shape))


def test_pictures_that_cannot_be_read_say_nothing_about_the_others(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    write_noise(photo, side=64, saturation=60, background=0)
    damaged: list[Path | bytes] = [b"no picture", tmp_path / "missing.png"]
    defaults = find_defaults_of_pictures(iter([*damaged, photo]), 3)
    assert defaults == (True, False, PHOTOS, [64, 64, 3], None)
    assert find_defaults_of_pictures(iter(damaged), 2) == DEFAULTS_FOR_DIGITS


def test_start_looks_at_pictures_from_the_first_to_the_last(tmp_path: Path) -> None:
    drawing, photo = tmp_path / "drawing.png", tmp_path / "photo.png"
    Image.new("L", (100, 100), 255).save(drawing)
    write_noise(photo, side=100, saturation=60, background=0)
    # Many collections begin with all pictures of one class.
    defaults = find_defaults_of_pictures(iter([drawing] * 120 + [photo] * 180), 300)
    assert defaults.network == PHOTOS
    assert defaults.shape == [64, 64, 3]


@pytest.mark.variant
@pytest.mark.parametrize(("n_images", "expected"), [(1_699, set()), (1_700, {300})])
def test_models_of_many_photos_learn_from_principal_components(
    shapes: Path, n_images: int, expected: set[int]
) -> None:
    defaults = Defaults(True, False, PHOTOS, [64, 64, 3])
    entry = {
        "sources": [{"files": "data/own"}],
        "shape": defaults.shape,
        "network": defaults.network,
    }
    images = Images(
        np.empty((n_images, 0), np.uint8), pd.DataFrame({"class": 0}, range(n_images))
    )
    with contextlib.chdir(shapes):
        start.rewrite(entry, defaults, images, n_folds=5)
    text = (shapes / "params.yaml").read_text(encoding="utf-8")
    models = yaml.safe_load(text)["models"].values()
    found = {model["feature_parameters"].get("n_components") for model in models}
    assert found - {None} == expected


def encode_16_bits(largest: int) -> bytes:
    """Return a picture of 16 bits with some largest value."""
    pixels = np.linspace(0, largest, 64).astype(np.uint16).reshape(8, 8)
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG")
    return output.getvalue()


@pytest.mark.parametrize(
    ("largest", "white"),
    [
        ([3_900, 4_300], 8_191),
        ([40, 250], 255),
        ([40] * 150 + [16_384], 32_767),
    ],
)
def test_pictures_of_more_than_8_bits_have_one_scale(largest: list[int], white: int) -> None:
    pictures = [encode_16_bits(value) for value in largest]
    defaults = find_defaults_of_pictures(iter(pictures), len(pictures))
    assert defaults.white == white


@pytest.mark.parametrize(("largest", "white"), [(1.02, 2), (17, 255)])
def test_pictures_of_fractions_have_one_scale(largest: float, white: int) -> None:
    output = io.BytesIO()
    Image.fromarray(np.full((8, 8), largest, np.float32)).save(output, "TIFF")
    assert find_defaults_of_pictures(iter([output.getvalue()]), 1).white == white


@pytest.mark.variant
def test_start_writes_the_scale_of_small_drawings_of_more_than_8_bits(shapes: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(30):
        drawing = np.zeros((9, 9), np.uint16)
        drawing[rng.integers(1, 8)] = drawing[1:8, rng.integers(1, 8)] = 4_000 + 10 * number
        path = shapes / f"data/own/{['cat', 'dog'][number % 2]}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawing).save(path)
    assert "small drawings, so there is no network" in call(shapes, "start").stdout
    params = yaml.safe_load((shapes / "params.yaml").read_text(encoding="utf-8"))
    assert params["datasets"]["own"]["white"] == 8_191
