"""The commands on the pages about this project work, and print what the pages show.

The commands about the small digits run in a copy of this repository. The commands about sharing
run in the tiny project.
"""

import contextlib
import hashlib
import json
import re
import shutil
import time
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import yaml

from digits.commands.leaderboard import print_leaderboard
from digits.core import paths
from digits.results.leaderboard import make_leaderboard
from digits.settings import params
from tests.helpers import pages, servers, tiny
from tests.helpers.calls import call
from tests.helpers.processes import Running, find_address, needs_rclone

# The commands of a page take minutes on a busy machine.
pytestmark = pytest.mark.timeout(1800)

DVC = "docs/dvc.md"
EXPERIMENTS = "docs/experiments.md"
SHARING = "docs/sharing.md"
TROUBLESHOOTING = "docs/troubleshooting.md"

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


def read_steps(page: str, *titles: str) -> list[pages.Step]:
    """Return the steps below some headings of a page."""
    steps = []
    for title in titles:
        steps += pages.read_steps(pages.read_section(page, title))
    return steps


def edit_params(project: Path, model: str, old: str, new: str) -> None:
    """Edit the entry of a model in params.yaml, as a reader does."""
    path = project / "params.yaml"
    before, name, after = path.read_text(encoding="utf-8").partition(f"\n  {model}:\n")
    assert old in after
    path.write_text(before + name + after.replace(old, new, 1), encoding="utf-8")


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
    readme = (tiny.ROOT / "README.md").read_text(encoding="utf-8")
    first = project["requires-python"].removeprefix(">=")
    assert f"\nVersion {project['version']} · Python {first} to " in readme
    citation = yaml.safe_load((tiny.ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project["version"]


def read_rows(text: str) -> list[list[str]]:
    """Return the cells of all rows of the tables in a text."""
    rows = re.findall(r"^\| (.+) \|$", text, re.MULTILINE)
    return [[cell.strip() for cell in row.split(" | ")] for row in rows]


def test_the_leaderboard_in_the_readme_is_that_of_the_committed_metrics(
    capsys: pytest.CaptureFixture[str],
) -> None:
    readme = (tiny.ROOT / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall("^\\$ make demo\n…\n(task .+?)^```", readme, re.DOTALL | re.MULTILINE)
    with contextlib.chdir(tiny.ROOT):
        settings = params.load()
        names = [name for name in settings.models if f"  {name} " in shown]
        print_leaderboard(make_leaderboard(settings, names), settings, "table")
    printed = capsys.readouterr().out
    assert normalize_rows(shown) - {"…"} <= normalize_rows(printed)


def test_the_readme_has_the_accuracies_of_the_page_about_the_tutorials() -> None:
    rows = read_rows(pages.read_section("README.md", "Results"))
    shown = [cells for cells in rows if "docs/tutorials.md#" in cells[0]]
    assert len(shown) == 5
    for link, *accuracies in shown:
        [anchor] = re.findall(r"#(.+?)\)", link)
        title = anchor.replace("-", " ").capitalize()
        rows = read_rows(pages.read_section("docs/tutorials.md", title))
        for accuracy, column in zip(accuracies, [-2, -1], strict=True):
            of_page = re.findall(r"\d\.\d+", " ".join(cells[column] for cells in rows))
            numbers = re.findall(r"\d\.\d+", accuracy)
            assert numbers
            assert set(numbers) <= set(of_page), link


def test_the_readme_reads_the_pixels_of_a_table(made: Path) -> None:
    section = pages.read_section("README.md", "The pipeline")
    [script] = re.findall("^```python\n(.+?)^```", section, re.DOTALL | re.MULTILINE)
    script = script.replace("small-digit", "digit") + "print(X.shape, X.sum())"
    printed = tiny.run(["python", "-c", script], made).stdout
    rows = pd.read_parquet(made / "data/task/digit/test.parquet")["row"]
    pixels = tiny.digits()[0][rows]
    assert printed == f"{pixels.shape} {pixels.sum()}\n"


@pytest.mark.slow
def test_the_day_in_the_readme_leads_to_a_colleague_and_to_a_merged_branch(
    demo: Path, tmp_path: Path
) -> None:
    origin = tmp_path / "origin"
    tiny.run(["git", "clone", "--quiet", "--bare", str(demo), str(origin)], tmp_path)
    tiny.run(["git", "remote", "add", "origin", str(origin)], demo)
    tiny.run("git config push.autoSetupRemote true", demo)  # as a clone pushes `main`
    section = pages.read_section("README.md", "Change a model, compare and share")
    steps = pages.read_steps(section.replace("REPOSITORY_URL", str(origin)))
    activate, switch, *own, change_folder, clone, set_up, pull = steps
    assert activate.command == "source .venv/bin/activate"
    pages.run([switch], demo)
    edit_params(demo, "small-even-knn", "n_neighbors: 3", "n_neighbors: 5")
    pages.run(own, demo)

    pages.run([change_folder, clone], demo)
    assert set_up.command.startswith("make venv ")
    pages.run([pull], tmp_path / "colleague")
    colleague = tmp_path / "colleague"
    assert tiny.repro(colleague, "evaluate@small-even-knn") == []
    assert "no significant difference" in call(colleague, "compare", "main").stdout

    words = " ".join(section.split())
    [(keep, discard)] = re.findall(
        r"keep the change with (.+?), or discard it with (.+?),", words
    )
    for commands, neighbours in [(discard, 3), (keep, 5)]:
        for command in re.findall("`(.+?)`", commands):
            tiny.run(command, demo)
        assert git_status(demo) == ""
        on_main = tiny.run("git show main:params.yaml", demo).stdout
        assert f"n_neighbors: {neighbours}\n" in on_main.partition("small-even-knn:\n")[2][:400]
        assert tiny.repro(demo, "evaluate@small-even-knn") == []


@pytest.mark.slow
def test_the_page_about_experiments_leads_from_an_idea_to_a_merged_branch(demo: Path) -> None:
    steps = read_steps(
        EXPERIMENTS,
        "Try another value",
        "Compare several values",
        "Merge branches",
        "Look at the charts of one model",
        "Delete experiments and unused files",
    )
    conflict = read_steps(EXPERIMENTS, "Merge two changes of one model")
    pages.run([step for step in steps if step not in conflict], demo)
    assert git_status(demo) == ""
    tiny.run("git merge-base --is-ancestor fewer-trees main", demo)
    text = (demo / "params.yaml").read_text(encoding="utf-8")
    assert "n_estimators: 50\n" in text
    assert "gamma: 0.002\n" in text


@pytest.mark.slow
def test_the_page_about_experiments_runs_stages_in_parallel(demo: Path) -> None:
    for model in ["small-digit-svc", "small-digit-trees"]:
        edit_params(demo, model, "folds: 3", "folds: 5")
    pages.run(read_steps(EXPERIMENTS, "Run several stages in parallel"), demo)


@pytest.mark.slow
def test_one_worker_runs_all_experiments_of_the_queue(demo: Path) -> None:
    pages.run(read_steps(EXPERIMENTS, "Use DVC's queue"), demo)
    while "Queued" in (status := tiny.run("dvc queue status", demo).stdout) or (
        "Running" in status
    ):
        time.sleep(1)
    tiny.run("dvc queue stop", demo)
    for name in ["queued-1", "queued-2"]:
        assert re.search(rf" {name} .* Success$", status, re.MULTILINE)


@pytest.mark.slow
def test_the_commands_in_the_table_about_dvc_print_only_what_matters(demo: Path) -> None:
    edit_params(demo, "small-even-knn", "n_neighbors: 3", "n_neighbors: 5")
    section = pages.read_section(DVC, "Use DVC's commands in this project")
    printed = {
        command: tiny.run(["bash", "-c", command], demo, PYTHONPATH=str(demo)).stdout
        for command in pages.read_table(section, "dvc", "digits")
    }

    def find(words: str) -> str:
        [output] = [text for command, text in printed.items() if command.startswith(words)]
        return output

    both = ["evaluate@small-even-knn", "train@small-even-knn"]
    assert "\nevaluate@small-even-knn " in find("dvc stage list")
    assert "| train@small-even-knn |" in find("dvc dag")
    assert find("dvc status").startswith("train@small-even-knn:\n")
    assert tiny.find_stages(find("dvc repro evaluate")) == both
    assert tiny.find_stages(find("dvc repro --pull")) == []
    assert len(find("dvc params diff").splitlines()) == 2
    assert "metrics/small-even-knn.json" in find("dvc metrics diff")
    assert find("dvc diff").endswith("files summary: 3 modified\n")
    assert "modified: models/small-even-knn.skops\n" in find("dvc data status")
    assert tiny.find_stages(find("dvc exp run")) == both
    assert " last commit\n" in find("digits experiments")
    assert len(find("dvc exp show").splitlines()[0].split(",")) < 20
    assert find("dvc push") == "8 files pushed\n"
    assert find("dvc pull") == "Everything is up to date.\n"


@pytest.mark.slow
def test_models_are_shared_without_warnings_about_the_others(demo: Path) -> None:
    tiny.run("digits repro 'small-*'", demo, PYTHONPATH=str(demo))
    commands = pages.read_table(pages.read_section(SHARING, "Share a part of the files"), "dvc")
    colleague = clone(demo, "colleague")
    for project, program in [(demo, "dvc push"), (colleague, "dvc pull")]:
        call(project, "setup")
        for command in commands:
            if command.startswith(program):
                assert tiny.run(["bash", "-c", command], project).stderr == ""
    small = list_outputs(demo)
    outputs = list_recorded_outputs(demo)
    of_small = {output for output, stage in outputs.items() if "@small" in stage}
    assert set(small) == of_small
    assert list_outputs(colleague) == small
    # Without names, DVC copies the same files, but complains about the others.
    tiny.run("git clean --quiet --force -d -X data models", colleague)
    shutil.rmtree(colleague / ".dvc/cache")
    message = "failed to pull data from the cloud"
    assert message in tiny.run("dvc pull", colleague, status=1).stderr
    assert list_outputs(colleague) == small
    shutil.rmtree(demo.parent / "digits-remote")
    done = tiny.run("dvc push", demo)
    n_missing = len(outputs) - len(small)
    assert len(re.findall("^md5: ", done.stderr, re.MULTILINE)) == n_missing
    assert done.stdout == f"{len(small)} files pushed\n"


def list_recorded_outputs(project: Path) -> dict[str, str]:
    """Return the stage of each output in data/ and models/, according to dvc.lock."""
    return {
        out["path"]: stage
        for stage, entry in tiny.lock(project).items()
        for out in entry["outs"]
        if out["path"].startswith(("data/", "models/"))
    }


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
    section = pages.read_section(EXPERIMENTS, "Merge two changes of one model")
    [message] = re.findall("^CONFLICT .*$", section, re.MULTILINE)
    assert message in merge
    printed = pages.run(pages.read_steps(section), demo)
    assert "Running stage" not in printed
    assert git_status(demo) == ""


@pytest.mark.slow
@pytest.mark.skipif(
    not tiny.HANDWRITING.exists(),
    reason="without the package digits-handwriting, no model of digits predicts pictures",
)
def test_the_examples_of_the_python_page_print_what_it_shows(demo: Path) -> None:
    page = (tiny.ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    blocks = re.findall("^```(python|text)\n(.+?)^```", page, re.DOTALL | re.MULTILINE)
    script = "\n".join(text for language, text in blocks if language == "python")
    shown = "".join(text for language, text in blocks if language == "text")
    printed = tiny.run(["python", "-c", script], demo, PYTHONPATH=str(demo)).stdout
    assert printed == shown


# The names on the page about sharing, and what the tiny project has in their place.
REPLACED = {
    "make repro": "digits repro",  # the tiny project has no Makefile
    "data/raw/small.parquet": "data/raw/tiny.parquet",
    "small.parquet": "tiny.parquet",
    "data/raw/mnist.parquet": "data/split/tiny/train.parquet",
    "mnist.parquet": "train.parquet",
    "small-digit-svc": "five-sgd",
    "gamma=0.002": "max_iter=5",
    "digit-champion": "five-sgd",
}


def read_sharing(title: str, **values: str) -> str:
    """Return a section of the page about sharing, as if it were about the tiny project.

    Args:
        title: the heading.
        values: what replaces the placeholders of the page, such as `PLACE`.
    """
    section = pages.read_section(SHARING, title)
    for old, new in {**REPLACED, **values}.items():
        section = section.replace(old, new)
    return section


def run_sharing(title: str, folder: Path, **values: str) -> None:
    """Run the commands of a section of the page about sharing.

    The environment of the tests is active, so no command creates or activates one.
    """
    steps = pages.read_steps(read_sharing(title, **values))
    skipped = ("make ", "source ")
    pages.run([step for step in steps if not step.command.startswith(skipped)], folder)


def clone(project: Path, name: str) -> Path:
    """Clone a project into a folder beside it."""
    tiny.run(["git", "clone", "--quiet", str(project), name], project.parent)
    return project.parent / name


@pytest.mark.slow
def test_a_colleague_gets_results_and_shares_a_change(made: Path, project: Path) -> None:
    tiny.run_dvc("push --all-commits", project)
    run_sharing("Get a colleague's results", project.parent, REPOSITORY_URL=str(project))
    colleague = project.parent / "colleague"
    assert tiny.files(colleague) == tiny.files(made)

    tiny.run("git switch --quiet --create change", colleague)
    tiny.run("git config push.autoSetupRemote true", colleague)
    tiny.edit(colleague, {"models.five-sgd.hyperparameters.max_iter": 5})
    run_sharing("Share your results", colleague)
    assert git_status(colleague) == ""
    other = clone(project, "other")
    tiny.run("git switch --quiet change", other)
    tiny.run_dvc("pull", other)
    assert tiny.repro(other) == []
    assert tiny.files(other) == tiny.files(colleague)


def publish(project: Path) -> None:
    """Give a project a Git repository to push to."""
    origin = project.parent / "origin"
    tiny.run(["git", "init", "--quiet", "--bare", "-b", "main", str(origin)], project)
    tiny.run(["git", "remote", "add", "origin", str(origin)], project)
    tiny.run("git config push.autoSetupRemote true", project)


def share_by_server(project: Path, title: str, place: str, **values: str) -> None:
    """Push a project to a server, as a section of the page says, and pull it in a clone.

    Args:
        project: the project.
        title: the heading of the section.
        place: the address of the remote.
        values: what replaces the placeholders of the section.
    """
    publish(project)
    run_sharing("Set up a team remote", project, PLACE=place)
    run_sharing(title, project, **values)
    if git_status(project):
        tiny.commit(project, "the settings of the server")
    tiny.run_dvc("push", project)
    colleague = clone(project, "colleague")
    shutil.copy(project / ".dvc/config.local", colleague / ".dvc/config.local")
    tiny.run_dvc("pull", colleague)
    assert tiny.repro(colleague) == []


@pytest.mark.slow
@needs_rclone
def test_a_clone_pulls_everything_from_s3(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The keys that the user has for other servers are not used.
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with servers.serve_s3(tmp_path / "buckets") as address:
        values = {"KEY_ID": servers.KEY_ID, "SECRET_KEY": servers.SECRET_KEY}
        values["https://s3.example.org"] = address
        share_by_server(project, "Use S3", "s3://digits/cache", **values)
    committed = b"".join(tiny.files(project).values())
    assert servers.SECRET_KEY.encode() not in committed + (project / ".dvc/config").read_bytes()


@pytest.mark.slow
@needs_rclone
def test_a_clone_pulls_everything_by_webdav(project: Path, tmp_path: Path) -> None:
    (tmp_path / "served" / "digits").mkdir(parents=True)
    serve = "rclone serve webdav --addr 127.0.0.1:0 --user ann --pass secret served"
    with Running(serve, tmp_path, RCLONE_CONFIG="/dev/null") as server:
        place = find_address(server).replace("http:", "webdav:") + "/digits"
        share_by_server(project, "Use WebDAV", place, PASSWORD="secret")
    assert "secret" not in (project / ".dvc/config").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_experiment_is_shared_and_becomes_a_branch(project: Path) -> None:
    tiny.run("git clone --quiet --bare copy origin", project.parent)
    section = read_sharing("Share an experiment")
    commands = re.findall(r"^(ann|ben)\$ (.+)$", section, re.MULTILINE)
    for person in ["ann", "ben"]:
        colleague = clone(project.parent / "origin", person)
        call(colleague, "setup")
        for name, command in commands:
            if name == person:
                tiny.run(command, colleague)
    params = tiny.run("git show larger-gamma:params.yaml", project.parent / "ben").stdout
    assert "max_iter: 5\n" in params


@pytest.mark.slow
def test_other_projects_use_data(project: Path, tmp_path: Path) -> None:
    tiny.run_dvc("push", project)
    other = tmp_path / "other"
    other.mkdir()
    tiny.run("git init --quiet", other)
    tiny.run("dvc init --quiet", other)
    section = read_sharing(
        "Use data and models in other projects",
        REPOSITORY_URL=f"file://{project}",
        ADDRESS=str(tmp_path / "digits-remote"),
    )
    [options] = re.findall(r"`(--remote other .+?)`", section.replace("\n", " "))
    commands = re.sub(r"^(\$ dvc (?:get|import) .*)$", rf"\1 {options}", section, flags=re.M)
    pages.run(pages.read_steps(commands), other)
    original = pd.read_parquet(project / "data/raw/tiny.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(other / "tiny.parquet"), original)


@pytest.mark.slow
def test_other_projects_read_data_from_python(project: Path, tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    publish(project)
    run_sharing("Set up a team remote", project, PLACE=str(remote))
    tiny.run_dvc("push", project)
    section = read_sharing("Read files from Python", REPOSITORY_URL=f"file://{project}")
    [script] = re.findall("^```python\n(.+?)^```", section, re.DOTALL | re.MULTILINE)
    printed = tiny.run(["python", "-c", script], tmp_path).stdout.splitlines()
    parameters, accuracy, url, n_images, names = printed
    assert parameters == "{'max_iter': 50, 'tol': None}"
    metrics = json.loads((project / paths.metrics("five-sgd")).read_text(encoding="utf-8"))
    assert float(accuracy) == metrics["accuracy"]
    model = (project / paths.model("five-sgd")).read_bytes()
    assert Path(url).read_bytes() == model
    assert int(n_images) == tiny.IMAGES
    assert "'models/five-sgd.skops'" in names
    assert (tmp_path / "model.skops").read_bytes() == model


@pytest.mark.slow
def test_other_projects_get_a_registered_model(project: Path, tmp_path: Path) -> None:
    section = read_sharing("Give models versions", REPOSITORY_URL=str(project))
    [register, get] = re.findall("`((?:gto|dvc) [^`]* [^`]+)`", section.replace("\n", " "))
    [message] = re.findall("reports `(.+?)`", section)
    tiny.replace(project / "dvc.yaml", "digit-champion", "five-sgd")
    tiny.commit(project, "declare the model")
    tiny.run_dvc("push", project)
    assert message in tiny.run(get, tmp_path, status=1).stderr
    tiny.run(register, project)
    tiny.run(get, tmp_path)
    model = (project / paths.model("five-sgd")).read_bytes()
    assert (tmp_path / "five-sgd.skops").read_bytes() == model


@pytest.mark.slow
def test_the_data_the_cache_and_the_remote_are_checked(project: Path) -> None:
    tiny.run_dvc("push", project)
    run_sharing("Check that everything is shared", project)
    status, find_damaged, find_path = read_steps(
        TROUBLESHOOTING, "Verify the data and the cache"
    )
    pages.run([status, find_damaged], project)
    output = next(project.glob(f"{paths.model('*')}"))
    checksum = hashlib.md5(output.read_bytes(), usedforsecurity=False).hexdigest()
    damaged = project / f".dvc/cache/files/md5/{checksum[:2]}/{checksum[2:]}"
    damaged.chmod(0o644)
    damaged.write_bytes(b"damaged")
    printed = tiny.run(["bash", "-c", find_damaged.command], project, status=1).stdout
    assert damaged.relative_to(project).as_posix() in printed
    command = find_path.command.replace("ab12", checksum)
    printed = tiny.run(["bash", "-c", command], project).stdout
    assert printed.startswith(f"    - path: {output.relative_to(project).as_posix()}\n")


def test_the_pages_about_files_and_stages_name_every_column_and_plot(made: Path) -> None:
    names = ["files.md", "stages.md"]
    texts = [
        (tiny.ROOT / "docs/reference" / name).read_text(encoding="utf-8") for name in names
    ]
    page = "\n".join(texts)
    for path in sorted(made.glob("data/**/*.parquet")):
        table = pd.read_parquet(path)
        for name in [*table.columns, *table.attrs]:
            if re.fullmatch(r"(decision_|probability_)\d+", name):
                name = re.sub(r"\d+", "1", name)
            assert f"`{name}`" in page, path
    for path in made.glob("plots/*/*.csv"):
        assert re.search(rf"\b{re.escape(path.name)}`", page), path
