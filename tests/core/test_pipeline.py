"""A second run gives the same bytes, and DVC reruns only the stages that an edit affects."""

import contextlib
import os
import shutil
import sys
import warnings
from collections.abc import Collection, Iterable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import sklearn
import yaml
from dvc.repo import Repo

from digits.core import paths, tables
from digits.core.images import Images, read_images, write_images
from digits.messages.errors import UserError
from digits.running import command as stage_module
from digits.running import dependencies
from tests.helpers import tiny
from tests.helpers.calls import call, failure, import_anew, loaded
from tests.helpers.imports import list_imported_names


def stages_of(script: str) -> list[str]:
    """Return the stages of the tiny project that run a script."""
    return [stage for stage in tiny.STAGES if stage.startswith(f"{script}@")]


FETCH = stages_of("fetch")
SPLIT = stages_of("split")
BINARIZE = stages_of("binarize")
TRAIN = stages_of("train")
EVALUATE = stages_of("evaluate")
FIVE = "models.five-sgd"

# The stages of this project, in the order of a run. A fork may have further ones.
STAGES = [*FETCH, *SPLIT, *BINARIZE, *TRAIN, *EVALUATE]


def changed_stages(project: Path) -> list[str]:
    """Return the stages with changed dependencies, without further stages of a fork.

    `dvc repro` also reruns the stages after them, if their outputs change.
    """
    with (
        contextlib.chdir(project),
        warnings.catch_warnings(action="ignore"),
        Repo() as repository,
    ):
        scripts = {stage.partition("@")[0] for stage in STAGES}
        return sorted(name for name in repository.status() if name.partition("@")[0] in scripts)


def test_a_second_run_reruns_nothing(made: Path, project: Path) -> None:
    assert sorted(tiny.lock(project)) == sorted(tiny.STAGES)
    assert tiny.repro(project) == []
    assert tiny.files(project) == tiny.files(made)
    assert tiny.run("git status --porcelain", project).stdout == ""


EDITS: list[tuple[dict[str, Any], list[str]]] = [
    ({f"{FIVE}.description": "Better."}, []),
    ({"tasks.odd": {"split": "tiny"}}, ["binarize@odd"]),
    ({"tasks.five.positive": [4]}, ["binarize@five"]),
    ({"tasks.five.negative": [4]}, ["binarize@five"]),
    ({"datasets.tiny.sources": [{"idx": "."}]}, FETCH),
    ({"splits.tiny-random.test": 0.2}, ["split@tiny-random"]),
    ({f"{FIVE}.feature_parameters": {"norm": 1}}, ["train@five-sgd"]),
    ({f"{FIVE}.folds": 4}, ["train@five-sgd"]),
    ({"seed": 43}, [*SPLIT, *TRAIN]),
]


def test_an_edit_of_params_yaml_reruns_the_stages_that_read_it(project: Path) -> None:
    for changes, stages in EDITS:
        tiny.edit(project, changes)
        assert changed_stages(project) == sorted(stages), changes


def test_a_stage_guards_what_dvc_records(made: Path) -> None:
    for stage, entry in tiny.lock(made).items():
        script, _, name = stage.partition("@")
        with contextlib.chdir(made):
            paths, keys = dependencies.read_dependencies(script, name)
            values = dependencies.read_values(keys)
        assert sorted(paths) == sorted(dependency["path"] for dependency in entry["deps"])
        recorded = {
            (file, key): value
            for file, values_by_key in entry["params"].items()
            for key, value in values_by_key.items()
        }
        assert values == recorded


READERS = {
    "digits/core/tables.py": STAGES,
    "digits/fetching/fetch.py": FETCH,
    "digits/data/labels.py": [*SPLIT, *BINARIZE],
    "digits/imaging/transforms/deskewing.py": [*TRAIN, *EVALUATE],
    "digits/learning/fitting.py": [*TRAIN, *EVALUATE],
    "digits/learning/classifiers/new.py": [*TRAIN, *EVALUATE],
    "digits/features/normalized.py": ["train@five-sgd", "evaluate@five-sgd"],
    "digits/evaluation/metrics.py": EVALUATE,
    "stages/binarize.py": BINARIZE,
    # No output depends on these.
    "digits/commands/check.py": [],
    "digits/results/metrics.py": [],
    "digits/sources/new.py": [],
    "digits/features/new.py": [],
}


# What stages import without depending on it, because it cannot change an output.
CHANGE_NO_OUTPUT = [
    *["digits/__init__.py", "digits/entry_points.py", "digits/networks.py"],
    *[
        path.parent.relative_to(tiny.ROOT).as_posix()
        for path in sorted(tiny.ROOT.glob("digits/*/__init__.py"))
        if "No stage depends on this folder" in path.read_text(encoding="utf-8")
    ],
]


def test_the_tiny_project_has_an_entry_for_each_stage() -> None:
    declared = yaml.safe_load((tiny.ROOT / "dvc.yaml").read_text())["stages"]
    repeated = {stage for stage, entry in declared.items() if "foreach" in entry}
    tested = {stage.partition("@")[0] for stage in tiny.ONE_OF_EACH}
    assert tested == repeated, "add an entry of the stage's section to tests/helpers/tiny.py"


def list_dependencies(made: Path, stage: str) -> set[Path]:
    """Return the files and folders that a stage depends on."""
    return {Path(dependency["path"]) for dependency in tiny.lock(made)[stage]["deps"]}


def is_in(path: Path, places: Collection[Path]) -> bool:
    """Return whether a file is one of the places, or in a folder that is."""
    return not {path, *path.parents}.isdisjoint(places)


def test_an_edit_of_a_module_reruns_the_stages_that_compute_with_it(made: Path) -> None:
    dependencies = {stage: list_dependencies(made, stage) for stage in STAGES}
    for module, stages in READERS.items():
        found = [stage for stage in STAGES if is_in(Path(module), dependencies[stage])]
        assert found == stages, module


def list_imports(project: Path, stage: str) -> set[Path]:
    """Run a stage, and return the modules of this project that it imports."""
    packages = ["digits", "stages"]
    with import_anew(*packages):
        call(project, *stage.split("@"))
        files = [getattr(module, "__file__", None) for module in loaded(*packages).values()]
    return {Path(file).relative_to(tiny.ROOT) for file in files if file}


def test_what_a_stage_imports_is_a_dependency_or_changes_no_output(project: Path) -> None:
    needless = {Path(name) for name in CHANGE_NO_OUTPUT}
    for stage in tiny.ONE_OF_EACH:
        modules = list_imports(project, stage)
        dependencies = list_dependencies(project, stage)
        assert Path("digits/core/tables.py") in modules
        others = {module for module in modules if not is_in(module, dependencies)}
        unexpected = [str(module) for module in others if not is_in(module, needless)]
        assert not unexpected, f"{stage}: dependencies in dvc.yaml, or a folder without stages"
        # Nothing that changes no output is a dependency.
        assert not [path for path in dependencies if is_in(path, needless)]


def copy_dependencies(made: Path, project: Path, stage: str) -> None:
    """Copy the dependencies of a stage into an empty folder, and what changes no output."""
    names = ["params.yaml", "dvc.yaml", "stages/versions.yaml"]
    names += CHANGE_NO_OUTPUT
    for path in [*list_dependencies(made, stage), *map(Path, names)]:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        if (made / path).is_dir():
            shutil.copytree(made / path, project / path, dirs_exist_ok=True)
        else:
            shutil.copy(made / path, project / path)
    if stage == "fetch@tiny":
        tiny.write_idx_files(project / "idx")


def on_one_core(words: str) -> str:
    """Return a command that runs on a single core of the processor, on Linux."""
    if sys.platform != "linux":
        return words
    return f"taskset -c {min(os.sched_getaffinity(0))} {words}"


@pytest.mark.slow
@pytest.mark.parametrize("stage", tiny.ONE_OF_EACH)
def test_a_stage_needs_its_dependencies_alone_and_gives_the_same_bytes_on_one_core(
    made: Path, tmp_path: Path, stage: str
) -> None:
    copy_dependencies(made, tmp_path, stage)
    before = set(tiny.files(tmp_path))
    script, _, name = stage.partition("@")
    entry = tiny.lock(made)[stage]
    assert entry["cmd"] == f"python -m stages.{script} {name}"
    words = on_one_core(f"python -m stages.{script} {name}")
    tiny.run(words, tmp_path, PYTHONHASHSEED="1", PYTHONPATH=str(tmp_path))
    after = tiny.files(tmp_path)
    assert set(after) - before == {output["path"] for output in entry["outs"]}
    assert after.items() <= tiny.files(made).items()


def list_imported_packages(modules: Iterable[Path]) -> set[str]:
    """Return the pinned packages that some modules import."""
    pinned = yaml.safe_load((tiny.ROOT / stage_module.VERSIONS_FILE).read_text())
    packages_of = packages_distributions()
    imported: set[str] = set()
    for module in modules:
        for name in list_imported_names(module):
            imported.update(packages_of.get(name.partition(".")[0], []))
    return imported & pinned.keys()


@pytest.mark.variant
def test_a_stage_depends_on_the_versions_of_the_packages_that_its_code_imports() -> None:
    file = str(stage_module.VERSIONS_FILE)
    text = (tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8")
    for stage, definition in yaml.safe_load(text)["stages"].items():
        template = definition.get("do", definition)  # only a stage with `foreach` has `do`
        modules: list[Path] = []
        for path in template["deps"]:
            for place in tiny.ROOT.glob(path.replace("${item.features}", "*")):
                modules += [place] if place.suffix == ".py" else place.rglob("*.py")
        packages: list[str] = []
        for param in template.get("params", []):
            packages += param.get(file, []) if isinstance(param, dict) else []
        assert set(packages) == list_imported_packages(modules), stage


def test_a_new_scikit_learn_reruns_train_and_evaluate(project: Path) -> None:
    tiny.replace(
        project / stage_module.VERSIONS_FILE, 'scikit-learn: ".+"', 'scikit-learn: "9"'
    )
    assert changed_stages(project) == sorted([*TRAIN, *EVALUATE])


@pytest.mark.parametrize(
    ("package", "pinned", "installed"),
    [
        # The beginning of the version is another version.
        ("scikit-learn", sklearn.__version__[:-1], sklearn.__version__),
        ("nosuch", "2.0", "none"),
    ],
)
def test_a_package_without_its_pinned_version_is_one_line(
    project: Path, package: str, pinned: str, installed: str
) -> None:
    (project / stage_module.VERSIONS_FILE).write_text(f'{package}: "{pinned}"')
    assert failure(project, "train", "five-sgd") == (
        f"Error: stages/versions.yaml needs {package} {pinned}, and {installed} is installed; "
        "run `make -B venv`"
    )


TRAINING_IMAGES = str(paths.task("five", "train"))


def test_a_missing_dependency_is_one_line(project: Path) -> None:
    hint = "`dvc repro` makes it, `dvc pull` fetches what was shared"
    for path, stage in [
        ("data/raw/tiny.parquet", "split tiny"),
        ("data/split/tiny/test.parquet", "binarize five"),
        (TRAINING_IMAGES, "train five-sgd"),
        ("data/crossval/five-sgd.parquet", "evaluate five-sgd"),
        (str(paths.model("five-sgd")), "evaluate five-sgd"),
    ]:
        (project / path).unlink()
        assert failure(project, *stage.split()) == f"Error: {path} was not found; {hint}"


def test_a_damaged_dependency_is_one_line(project: Path) -> None:
    path = TRAINING_IMAGES
    content = (project / path).read_bytes()
    table = pd.read_parquet(project / path)
    (project / path).unlink()  # it is a link to the cache
    (project / path).write_bytes(content[:999])
    line = failure(project, "train", "five-sgd")
    assert line.startswith(f"Error: {path} cannot be read (")
    assert line.endswith("if it comes back damaged, check the cache (docs/troubleshooting.md)")
    table.drop(columns="pixels").to_parquet(project / path)
    line = failure(project, "train", "five-sgd")
    assert line.startswith(f"Error: {path} cannot be read (")


@pytest.mark.parametrize("path", ["data/raw/tiny.parquet", "data/predictions/five-sgd.parquet"])
def test_a_bit_that_changed_on_the_disk_is_noticed(project: Path, path: str) -> None:
    content = (project / path).read_bytes()
    row_group = pq.read_metadata(project / path).row_group(0)
    for number in range(row_group.num_columns):
        column = row_group.column(number)
        start = column.dictionary_page_offset or column.data_page_offset
        changed = bytearray(content)
        changed[start + column.total_compressed_size - 8] ^= 1  # in one of the last values
        (project / path).write_bytes(changed)
        line = failure(project, "show", "tiny", "300", "--predictions", "five-sgd")
        assert line.startswith(f"Error: {path} cannot be read (")


def test_a_bit_that_changed_among_pixels_is_noticed(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 256, (50, 64), dtype=np.uint8)
    path = tmp_path / "images.parquet"
    write_images(path, Images(X, pd.DataFrame({"class": np.arange(50) % 2})))
    content = bytearray(path.read_bytes())
    content[content.index(X[10].tobytes())] ^= 1  # random pixels are not compressed
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"images\.parquet cannot be read \("):
        read_images(path)


def test_a_table_that_another_program_wrote_is_read(tmp_path: Path) -> None:
    table = pd.DataFrame({"label": [3, 1]})
    table.to_parquet(tmp_path / "old.parquet")
    assert tables.read(tmp_path / "old.parquet").equals(table)


def test_a_task_without_images_in_a_set_is_one_line(project: Path) -> None:
    tiny.edit(project, {"tasks.five.negative": [1], "splits.tiny.test": 1})
    call(project, "split", "tiny")
    line = "Error: the test set of tiny has no image of this task"
    assert failure(project, "binarize", "five") == line


def test_git_ignores_data_but_not_the_files_that_dvc_adds(project: Path) -> None:
    # `dvc add` fails if Git ignores the file that it writes.
    for name in ["own.csv", "own.csv.dvc"]:
        (project / "data" / name).touch()
    tiny.run("git add --all", project)
    added = tiny.run("git ls-files data models", project).stdout.split()
    assert added == [
        "data/README.md",
        "data/datasets/tiny.yaml",
        "data/own.csv.dvc",
        "models/README.md",
    ]
