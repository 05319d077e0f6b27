"""Do what docs/new-project.md says, in an environment with the packages of this repository.

The commands that need a package index are replaced: see `tests/helpers/new_project.py`.
"""

import json
import os
import re
import textwrap
from pathlib import Path

import pytest
import yaml

from digits.security.importing import is_installed
from tests.helpers import new_project, pages, tiny

PAGE = "docs/new-project.md"
NEIGHBOURS = "models.small-even-knn.hyperparameters.n_neighbors"
MODELS = ["small-even-knn", "small-even-trees"]


@pytest.fixture(scope="session")
def source(request: pytest.FixtureRequest) -> Path:
    """Return a repository that projects are made of. Do not change it."""
    return tiny.once(request, "source", new_project.make_source)


@pytest.fixture(scope="module")
def template(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new project with its environment. Do not change it."""
    project = tmp_path_factory.mktemp("template") / "even"
    new_project.copy_template(source, project)
    new_project.install(project)
    return project


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a new project, in whose environment commands run."""
    project = tiny.copy(template, tmp_path / "even")
    monkeypatch.setenv("PATH", f"{template}/.venv/bin:{os.environ['PATH']}")
    tiny.run("digits setup", project)
    assert (project / ".dvc/plots/roc.json").exists()
    return project


def test_a_new_project_is_small(template: Path) -> None:
    names = tiny.run("git ls-files", template).stdout.splitlines()
    assert len(names) <= 30
    texts = {name: (template / name).read_text(encoding="utf-8") for name in names}
    del texts["requirements.lock"]
    assert sum(text.count("\n") for name, text in texts.items() if name.endswith(".py")) <= 420
    assert sum(text.count("\n") for text in texts.values()) <= 900


def test_each_command_of_dvc_works_as_it_is_typed(project: Path) -> None:
    commands = {
        "dvc repro": "Running stage 'evaluate@small-even-trees':",
        "dvc status": "Data and pipelines are up to date.",
        "dvc dag": "evaluate@small-even-knn",
        "git add --all": "",
        "git commit -m Results": "dvc.lock",
        f"dvc exp run -S {NEIGHBOURS}=4": "Ran experiment",
        "dvc exp show --csv": "small-even-knn",
        "git checkout .": "",
        "dvc checkout": "",
        "dvc metrics show": "metrics/small-even-trees.json",
        "sed -i 's/n_neighbors: 3/n_neighbors: 5/' params.yaml": "",
        "dvc repro evaluate@small-even-knn": "Running stage 'train@small-even-knn':",
        "dvc metrics diff": "metrics/small-even-knn.json  accuracy     0.98429  0.97906",
        "dvc params diff": NEIGHBOURS,
        "dvc plots diff": "index.html",
        "git status --short -- .dvc": "",
        "dvc push": "files pushed",
        "dvc gc -w -f": "",
        "dvc pull": "up to date",
    }
    for command, expected in commands.items():
        done = tiny.run(command, project)
        printed = done.stdout + done.stderr
        assert expected in printed, command
        if not command.startswith(("dvc exp", "dvc repro", "git")):
            lines = printed.splitlines()
            assert len(lines) <= 40, command
            assert max(map(len, lines), default=0) <= 200, command


def fill_in(step: pages.Step, hosted: Path) -> pages.Step:
    """Return a step of the page with an address, and without what the tests have made."""
    made = {"make venv", "source .venv/bin/activate", "make repro"}
    command = "digits setup" if step.command in made else step.command
    return pages.Step(command.replace("YOUR_URL", str(hosted)), step.output)


def test_the_day_in_the_readme_leads_to_a_colleague_and_a_merged_branch(project: Path) -> None:
    hosted = project.parent / "hosted.git"
    tiny.run(["git", "init", "--quiet", "--bare", str(hosted)], project)
    page = pages.read_section("README.md", "Learn DVC")
    page += pages.read_section(PAGE, "Share the project")
    first, push, *rest = [
        [fill_in(step, hosted) for step in pages.read_steps(block[0])]
        for block in pages.BLOCK.finditer(page)
    ]
    for steps in [first[1:], push]:  # `make new` has made the project
        pages.run(steps, project)
    tiny.replace(project / "params.yaml", "n_neighbors: 3", "n_neighbors: 5")
    for steps in rest:
        pages.run(steps, project)
    assert tiny.run("git status --porcelain", project).stdout == ""
    on_main = tiny.run(["git", "show", "main:params.yaml"], hosted).stdout
    assert "n_neighbors: 5\n" in on_main
    assert tiny.repro(project) == tiny.repro(project.parent / "colleague") == []


def test_the_outputs_are_those_of_this_repository(project: Path) -> None:
    tiny.run("dvc repro evaluate@small-even-knn", project)
    here = yaml.safe_load((tiny.ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    for stage, entry in tiny.lock(project).items():
        assert entry["outs"] == here[stage]["outs"], stage
    model = (project / "models/small-even-knn.skops").read_bytes()
    tiny.run("python stages/train.py small-even-knn", project)
    assert (project / "models/small-even-knn.skops").read_bytes() == model


def test_a_stage_runs_only_with_the_commit_that_the_project_names(project: Path) -> None:
    tiny.replace(project / "stages/versions.yaml", 'digits: ".', 'digits: "x')
    done = tiny.run("python -m stages.fetch small", project, status=1)
    assert re.fullmatch(
        r"Error: stages/versions.yaml needs digits x\w+, and \w+ is installed; run `make -B "
        r"venv`\n",
        done.stderr,
    )
    printed = tiny.run("dvc status fetch@small", project).stdout
    assert "stages/versions.yaml" in printed


def write_own_code(project: Path) -> None:
    """Write the features, the classifier, the metric and the stage of docs/extending.md."""
    text = (tiny.ROOT / "docs/extending.md").read_text(encoding="utf-8")
    examples = dict(re.findall(r"^```\w+\n *# (\S.*?)\n(.*?)^```", text, re.M | re.S))
    for name in ["best_pixels", "nearest_mean"]:
        (project / f"own/{name}.py").write_text(examples[f"digits/features/{name}.py"])
    metric = examples["digits/evaluation/metrics.py: above METRICS"]
    imports = [
        "from collections.abc import Iterator",
        "from sklearn import metrics",
        "from digits.evaluation.metrics import OVERALL, Row",
        "from digits.evaluation.predictions import Predictions",
    ]
    (project / "own/metrics.py").write_text("\n".join([*imports, metric]))
    (project / "stages/count.py").write_text(examples["stages/count.py"])
    stage = examples["dvc.yaml, in `stages`"].replace("      - digits/core\n", "")
    path = project / "dvc.yaml"
    text = path.read_text(encoding="utf-8")
    stage = textwrap.indent(stage, "  ").replace("[numpy", "[digits, numpy")
    path.write_text(text.replace("\n  train:\n", f"\n{stage}\n  train:\n"), encoding="utf-8")


def test_own_code_is_found_by_its_import_path(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "bottles"
    new_project.copy_template(source, project)
    write_own_code(project)
    [entry] = re.findall(
        r"```toml\n(.*?)```", (tiny.ROOT / PAGE).read_text(encoding="utf-8"), re.S
    )
    comment, _, line = entry.partition("\n")
    header = comment.removeprefix("# pyproject.toml, below ")
    tiny.replace(project / "pyproject.toml", re.escape(header), f"{header}\n{line}")
    model = {
        "description": "The nearest mean.",
        "task": "small-even",
        "features": "own.best_pixels",
        "feature_parameters": {"n_pixels": 40},
        "classifier": "own.nearest_mean.NearestMean",
        "hyperparameters": {"sharpness": 2.0},
        "folds": 3,
    }
    path = project / "params.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["models"] = {"mean": model}
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    new_project.install(project)
    monkeypatch.setenv("PATH", f"{project}/.venv/bin:{os.environ['PATH']}")

    tiny.run("digits check", project)
    tiny.run("dvc repro", project)
    metrics = json.loads((project / "metrics/mean.json").read_text(encoding="utf-8"))
    assert metrics["accuracy"] > metrics["baseline"] + 0.1
    assert -1 <= metrics["matthews"] <= 1
    assert (project / "data/count/small-even.csv").exists()
    tiny.run("digits leaderboard", project)
    # Another project's code is not run, even if it has the same name.
    monkeypatch.chdir(tmp_path)
    assert not is_installed("own")
    module = project / "own/nearest_mean.py"
    tiny.replace(module, "-self.sharpness", "-2 * self.sharpness")
    done = tiny.run("dvc repro", project)
    assert "Running stage 'evaluate@mean':" in done.stdout


def append(path: Path, text: str) -> None:
    """Append a text to a file."""
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_an_update_keeps_edits_of_ones_own(source: Path, tmp_path: Path) -> None:
    newer = tiny.copy(source, tmp_path / "newer")
    project = tmp_path / "bottles"
    new_project.copy_template(newer, project)
    append(project / "dvc.yaml", "\n  more:\n    cmd: echo\n")
    tiny.replace(project / "params.yaml", "seed: 42", "seed: 43")
    tiny.replace(project / "Makefile", "--jobs auto", "--jobs 2")
    script = project / "stages/split.py"
    tiny.replace(script, '"""Split', '"""Now split')
    tiny.commit(project, "Edits")
    for number in [1, 2]:
        append(newer / "stages/split.py", f"# version {number}\n")
        tiny.replace(newer / "dvc.yaml", "desc: Train.*", f"desc: Train version {number}")
        tiny.commit(newer, f"Version {number}")
    commit = tiny.run("git rev-parse HEAD", newer).stdout.strip()
    new_project.update(project)
    assert tiny.run("git diff --name-only --diff-filter=U", project).stdout == ""
    text = script.read_text(encoding="utf-8")
    assert text.startswith('"""Now split')
    assert text.endswith("# version 2\n")
    dvc_file = (project / "dvc.yaml").read_text(encoding="utf-8")
    assert "desc: Train version 2" in dvc_file
    assert dvc_file.endswith("cmd: echo\n")
    assert "--jobs 2" in (project / "Makefile").read_text(encoding="utf-8")
    assert "seed: 43" in (project / "params.yaml").read_text(encoding="utf-8")
    for name in ["stages/versions.yaml", "pyproject.toml"]:
        assert commit in (project / name).read_text(encoding="utf-8")


def test_a_folder_in_another_repository_is_refused(source: Path, tmp_path: Path) -> None:
    tiny.run("git init --quiet outer", tmp_path)
    project = tmp_path / "outer/bottles"
    new_project.copy_files(source, project)
    done = tiny.run("make venv", project, status=2)
    line = f"This folder is in the Git repository {tmp_path}/outer; move it elsewhere"
    assert line in done.stdout
    assert not (project / ".git").exists()


def test_line_ends_of_windows_do_not_count(source: Path, tmp_path: Path) -> None:
    project = tmp_path / "bottles"
    new_project.copy_template(source, project)
    attribute = tiny.run("git check-attr eol -- dvc.yaml stages/train.py", project).stdout
    assert attribute.count("eol: lf") == 2
