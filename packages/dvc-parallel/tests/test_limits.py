"""How many stages of a kind run at a time, where, and behind which words."""

import re
from pathlib import Path

import pytest

from dvc_projects import make, read_lock, repro, run_dvc, write

# Each stage fails if another one runs at the same time.
COLLIDING = {
    "dvc.yaml": """
        stages:
          fit:
            matrix: {model: [knn, svm, trees, sgd]}
            cmd: mkdir used && sleep 0.1 && rmdir used && echo > ${item.model}
            outs: ["${item.model}"]
          free: {cmd: "while [ ! -e knn ]; do sleep 0.02; done"}
    """,
}
ONE = "fit@*: {jobs: 1}"


def test_stages_that_would_collide_run_one_at_a_time_and_others_beside_them(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path, COLLIDING | {"dvc-parallel.yaml": ONE})
    repro(folder, "--jobs", "4")
    assert {"fit@knn", "fit@svm", "fit@trees", "fit@sgd"} <= set(read_lock(folder))
    assert run_dvc("status fit", folder).startswith("Data and pipelines are up to date.")


def test_stages_that_run_at_once_have_the_variables_of_their_jobs(tmp_path: Path) -> None:
    # The stage of the first job ends when another one has begun, and the other one when the
    # last stage has the first job.
    script = """
        mkdir gpu$CUDA_VISIBLE_DEVICES || exit 1
        echo $CUDA_VISIBLE_DEVICES >> used
        if [ $CUDA_VISIBLE_DEVICES = 0 ]; then n=2; else n=3; fi
        while [ $(cat used | wc -l) -lt $n ]; do sleep 0.02; done
        rmdir gpu$CUDA_VISIBLE_DEVICES
    """
    files = {
        "train.sh": script,
        "dvc-parallel.yaml": """
            train@*: {jobs: [{CUDA_VISIBLE_DEVICES: 0}, {CUDA_VISIBLE_DEVICES: "1,2"}]}
        """,
        "dvc.yaml": """
            stages: {train: {matrix: {n: [one, two, last]}, cmd: "sh train.sh"}}
        """,
    }
    folder = make(tmp_path, files)
    repro(folder, "--jobs", "3")
    used = (folder / "used").read_text().split()
    assert sorted(used[:2]) == ["0", "1,2"]
    assert used[2] == "0"


def test_a_stage_has_the_variables_of_all_its_jobs_and_they_count_most(tmp_path: Path) -> None:
    files = {
        "dvc-parallel.yaml": """
            fit@*: {jobs: [{GPU: 0}, {GPU: 1}]}
            '*@one': {jobs: [{PORT: 80, OMP_NUM_THREADS: 7}]}
        """,
        "dvc.yaml": """
            stages:
              fit:
                matrix: {n: [one, two]}
                cmd: "echo $GPU $PORT $OMP_NUM_THREADS > ${item.n} && sleep 0.2"
        """,
    }
    folder = make(tmp_path, files)
    repro(folder, "--jobs", "2")
    assert (folder / "one").read_text() in {"0 80 7\n", "1 80 7\n"}


def test_a_stage_that_the_limits_let_run_alone_has_all_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    pipeline = """
        stages:
          fit: {matrix: {n: [one, two]}, cmd: "echo $OMP_NUM_THREADS > ${item.n}"}
    """
    folder = make(tmp_path, {"dvc.yaml": pipeline, "dvc-parallel.yaml": ONE})
    repro(folder, "--jobs", "2")
    assert (folder / "one").read_text() == (folder / "two").read_text() == "\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_words_are_put_before_the_shell_of_each_command(tmp_path: Path, jobs: str) -> None:
    files = {
        "dvc-parallel.yaml": """
            train: {prefix: "env 'WHO=a b'"}
            sub/dvc.yaml:*: {prefix: env WHERE=sub}
        """,
        "dvc.yaml": "stages: {train: {cmd: ['echo $WHO > 1 && echo $WHO > 2', 'echo $WHO > 3']}}",
        "sub/dvc.yaml": "stages: {train: {cmd: echo $WHO $WHERE > 1}}",
    }
    folder = make(tmp_path, files)
    repro(folder, "--jobs", jobs, "--all-pipelines")
    assert [(folder / name).read_text() for name in "123"] == 3 * ["a b\n"]
    assert (folder / "sub/1").read_text() == "a b sub\n"
    assert read_lock(folder)["train"]["cmd"][1] == "echo $WHO > 3"


def test_a_stage_whose_prefix_cannot_be_started_leaves_its_place(tmp_path: Path) -> None:
    limits = "fit@*: {jobs: 1, prefix: no-such-program}"
    folder = make(tmp_path, COLLIDING | {"dvc-parallel.yaml": limits})
    output = repro(folder, "--jobs", "2", "fit@knn", "fit@svm", status=1)
    for name in ["fit@knn", "fit@svm"]:
        assert re.search(rf"^{name}: .*no-such-program", output, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- fit", "expected a dictionary. Got ['fit']"),
        ("fit: {job: 1}", "extra keys not allowed @ data['fit']['job']. Got 1"),
        (
            "fit: {jobs: 0}",
            "value must be at least 1 for dictionary value @ data['fit']['jobs']. Got 0",
        ),
        (
            "fit: {jobs: []}",
            "expected int for dictionary value @ data['fit']['jobs']. Got []",
        ),
        (
            'fit: {prefix: "\'srun"}',
            "not a valid value for dictionary value @ data['fit']['prefix']. Got \"'srun\"",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    folder = make(tmp_path, COLLIDING | {"dvc-parallel.yaml": text})
    ways = "each pattern has jobs (a number, or a list of environment variables), or prefix, or both"
    line = f"Error: dvc-parallel.yaml: {message}; {ways}\n"
    assert repro(folder, "fit@knn", status=1) == line


def test_a_file_that_is_no_yaml_is_one_line(tmp_path: Path) -> None:
    folder = make(tmp_path, COLLIDING | {"dvc-parallel.yaml": "fit: ["})
    [line] = repro(folder, "fit@knn", status=1).splitlines()
    assert line.startswith("Error: unable to read: 'dvc-parallel.yaml', YAML file structure")


def test_a_pattern_that_matches_nothing_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path, COLLIDING | {"dvc-parallel.yaml": "fti@*: {jobs: 1}"})
    output = repro(folder, "fit@knn")
    assert "Warning: dvc-parallel.yaml: no stage matches 'fti@*'\n" in output
    write(folder, {"dvc-parallel.yaml": ONE})
    assert "Warning" not in repro(folder, "fit@svm")
    write(folder, {"raw/one": "1", "dvc-parallel.yaml": "raw.dvc: {jobs: 1}"})
    run_dvc("add --quiet raw", folder)
    assert "Warning" not in repro(folder, "fit@svm")
    # Stages that are up to date, or are no targets, match, too.
    assert "Warning" not in repro(folder, "free")
