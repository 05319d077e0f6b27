"""The commands about the small digits work in a copy of this repository, as the pages show."""

import contextlib
import io
import json
import re
import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import yaml

from digits.commands.leaderboard import print_leaderboard
from digits.results.leaderboard import make_leaderboard
from digits.settings import params_file
from tests.helpers import pages, tiny
from tests.helpers.calls import call

# The commands of a page take minutes on a busy machine.
pytestmark = pytest.mark.timeout(1800)

TEAM = "docs/team.md"

# The models that the pages change, or expect to be up to date.
MODELS = ["small-even-knn", "small-digit-*"]


def make_demo(project: Path) -> None:
    """Copy this repository, and train the models of the pages."""
    tiny.copy_repository(project)
    tiny.commit(project, "this project")
    repro = ["digits", "repro", "--jobs", "2", *MODELS]
    tiny.run(repro, project, PYTHONPATH=str(project))


@pytest.fixture
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a clone `digits` after the quick start, which a test may change."""
    made = tiny.once(request, "demo", make_demo)
    project = tiny.copy(made, tmp_path / "digits")
    call(project, "setup")
    return project


def edit_params(project: Path, model: str, old: str, new: str) -> None:
    """Edit the entry of a model in params.yaml, as a reader does."""
    path = project / "params.yaml"
    before, name, after = path.read_text(encoding="utf-8").partition(f"\n  {model}:\n")
    assert old in after
    path.write_text(before + name + after.replace(old, new, 1), encoding="utf-8")


def read(page: str) -> str:
    """Return the text of a page."""
    return (tiny.ROOT / page).read_text(encoding="utf-8")


def git_status(project: Path) -> str:
    """Return the files that are not committed."""
    return tiny.run("git status --porcelain", project).stdout


def normalize_rows(text: str) -> set[str]:
    """Return the lines of a leaderboard without its alignment, and without `~`.

    The mark depends on the predictions, which are not in a clone.
    """
    lines = re.sub("-+", "-", text.replace(" ~ ", " ")).splitlines()
    return {" ".join(line.split()) for line in lines}


def test_the_readme_and_the_citation_name_the_version() -> None:
    project = tomllib.loads((tiny.ROOT / "pyproject.toml").read_text())["project"]
    first = project["requires-python"].removeprefix(">=")
    assert f"[changelog](CHANGELOG.md) (version {project['version']})" in read("README.md")
    assert f">{first} to " in read("docs/pictures/python.svg")
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == project["version"]


def test_the_leaderboard_in_the_readme_is_that_of_the_committed_metrics(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pattern = "^\\$ make demo\n…\n(task .+?)^```"
    [shown] = re.findall(pattern, read("README.md"), re.DOTALL | re.MULTILINE)
    with contextlib.chdir(tiny.ROOT):
        settings = params_file.load()
        names = [name for name in settings.models if f"  {name} " in shown]
        print_leaderboard(make_leaderboard(settings, names), settings, "table")
    printed = capsys.readouterr().out
    assert normalize_rows(shown) - {"…"} <= normalize_rows(printed)


def test_the_accuracies_in_the_text_of_the_readme_are_measured() -> None:
    text = re.sub("^```.*?^```", "", read("README.md"), flags=re.DOTALL | re.MULTILINE)
    best = json.loads(read("metrics/digit-champion.json"))["accuracy"]
    assert re.findall(r"\b0\.\d{4}\b", text) == [f"{best:.4f}"]


@pytest.mark.slow
def test_the_page_about_teams_leads_from_an_idea_to_a_merged_branch(demo: Path) -> None:
    titles = [
        "Try another value",
        "Compare several values",
        "Go back to an earlier version",
        "Merge branches",
        "Delete unused files",
    ]
    sections = [pages.read_section(TEAM, title).partition("\n### ")[0] for title in titles]
    pages.run(pages.read_steps("".join(sections)), demo)
    assert git_status(demo) == ""
    tiny.run("git merge-base --is-ancestor fewer-trees main", demo)
    text = (demo / "params.yaml").read_text(encoding="utf-8")
    assert "n_estimators: 50\n" in text
    assert "gamma: 0.002\n" in text


@pytest.mark.slow
def test_the_commands_in_the_table_about_dvc_print_only_what_matters(demo: Path) -> None:
    edit_params(demo, "small-even-knn", "n_neighbors: 3", "n_neighbors: 5")
    section = pages.read_section(TEAM, "Use DVC's commands")
    printed = {}
    for command in pages.read_table(section, "dvc", "digits"):
        done = tiny.run(["bash", "-c", command], demo, PYTHONPATH=str(demo))
        printed[command] = done.stdout
        if command.startswith(("dvc push", "dvc pull")):
            assert done.stderr == ""

    def find(words: str) -> str:
        [output] = [text for command, text in printed.items() if command.startswith(words)]
        return output

    both = ["evaluate@small-even-knn", "train@small-even-knn"]
    assert "\nevaluate@small-even-knn " in find("dvc stage list")
    assert "| train@small-even-knn |" in find("dvc dag")
    assert find("dvc status").startswith("train@small-even-knn:\n")
    assert tiny.find_stages(find("dvc repro evaluate")) == both
    assert tiny.find_stages(find("dvc repro --allow-missing")) == []
    assert find("digits repro").endswith("All stages are up to date.\n")
    assert tiny.find_stages(find("dvc repro --pull")) == []
    assert len(find("dvc params diff").splitlines()) == 2
    assert "metrics/small-even-knn.json" in find("dvc metrics diff")
    assert find("dvc plots diff").startswith("file://")
    assert find("dvc diff").endswith("files summary: 3 modified\n")
    assert find("dvc push --with-deps") == "8 files pushed\n"
    assert find("dvc pull --with-deps") == "Everything is up to date.\n"

    # Without names, DVC copies the same files, but reports MNIST's outputs as missing.
    tiny.commit(demo, "five neighbours")
    tiny.run("dvc push", demo)
    tiny.run(["git", "clone", "--quiet", str(demo), "colleague"], demo.parent)
    colleague = demo.parent / "colleague"
    call(colleague, "setup")
    failed = tiny.run("dvc pull", colleague, status=1)
    assert "failed to pull data from the cloud" in failed.stderr
    outputs = list_outputs(demo)
    assert list_outputs(colleague) == outputs
    shutil.rmtree(demo.parent / "digits-remote")
    done = tiny.run("dvc push", demo)
    assert done.stdout == f"{len(outputs)} files pushed\n"
    n_missing = len(re.findall("^md5: ", done.stderr, re.MULTILINE))
    assert f"the {n_missing} outputs of MNIST's models" in section


def list_outputs(project: Path) -> list[str]:
    """Return the names of the outputs in data/ and models/ that exist."""
    listed = tiny.run("git ls-files --others --ignored --exclude-standard data models", project)
    return listed.stdout.splitlines()


@pytest.mark.slow
def test_a_conflict_in_a_clone_that_was_not_set_up_is_resolved_without_training(
    demo: Path,
) -> None:
    (demo / ".git/info/attributes").unlink()
    edit_params(
        demo,
        "small-digit-trees",
        "hyperparameters: {}",
        "hyperparameters:\n      n_estimators: 50",
    )
    for model, branch in [
        ("small-digit-trees", "main"),
        ("small-digit-svc", "use-larger-gamma"),
    ]:
        tiny.run(f"dvc repro evaluate@{model}", demo)
        tiny.commit(demo, f"on {branch}")
        if branch == "main":
            tiny.run("git switch --quiet --create use-larger-gamma HEAD~1", demo)
            edit_params(demo, "small-digit-svc", "gamma: 0.001", "gamma: 0.002")
    tiny.run("git switch --quiet main", demo)
    merge = tiny.run("git merge use-larger-gamma", demo, status=1).stdout
    section = pages.read_section(TEAM, "Resolve a conflict")
    [message] = re.findall("^CONFLICT .*$", section, re.MULTILINE)
    assert message in merge
    printed = pages.run(pages.read_steps(section), demo)
    assert "Running stage" not in printed
    assert git_status(demo) == ""


# The names on the page docs/reference/python.md, and what the tiny project has in their place.
REPLACED = {
    "task/small-digit/": "task/digit/",
    "small-digit-svc": "digit-logreg",
    "packages/digits-handwriting/docs/sheet.jpg": str(tiny.HANDWRITING / "docs/sheet.jpg"),
}


def read_python_page() -> tuple[str, list[str]]:
    """Return the code on the page, and the lines that it should print."""
    page = read("docs/reference/python.md")
    blocks = re.findall("^```(python|text)\n(.+?)^```", page, re.DOTALL | re.MULTILINE)
    script = "\n".join(text for language, text in blocks if language == "python")
    return script, "".join(text for language, text in blocks if language == "text").splitlines()


def test_the_examples_of_the_python_page_run_in_another_project(made: Path) -> None:
    script, shown = read_python_page()
    for old, new in REPLACED.items():
        script = script.replace(old, new)
    output = io.StringIO()
    with contextlib.chdir(made), contextlib.redirect_stdout(output):
        exec(script, {"__name__": "__main__"})
    printed = output.getvalue().splitlines()
    assert len(printed) == len(shown)
    accuracy = float(printed[0])
    assert f"{round(tiny.TEST * (1 - accuracy))} mistakes in the test set" in printed
    assert f"{accuracy:g}" in printed[1:]


@pytest.mark.slow
def test_the_examples_of_the_python_page_print_what_it_shows(demo: Path) -> None:
    script, shown = read_python_page()
    printed = tiny.run(["python", "-c", script], demo, PYTHONPATH=str(demo)).stdout
    assert printed.splitlines() == shown


def test_the_page_about_the_pipeline_names_every_column_and_plot(made: Path) -> None:
    page = read("docs/pipeline.md")
    for path in sorted(made.glob("data/**/*.parquet")):
        table = pd.read_parquet(path)
        for name in [*table.columns, *table.attrs]:
            if re.fullmatch(r"(decision_|probability_)\d+", name):
                name = re.sub(r"\d+", "1", name)
            assert f"`{name}`" in page, path
    for path in made.glob("plots/*/*.csv"):
        assert re.search(rf"\b{re.escape(path.name)}`", page), path
