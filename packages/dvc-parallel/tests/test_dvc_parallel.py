"""`dvc-parallel` in small DVC projects of any shape: the same files as `dvc repro`."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from pydoc import locate
from tempfile import TemporaryDirectory

import dvc
import joblib
import pytest
import yaml

from dvc_parallel.cli import suitable_job_count
from dvc_projects import (
    list_cache,
    make,
    make_two,
    read_files,
    read_lock,
    repro,
    repro_both,
    run,
    run_dvc,
    wait_for,
    write,
)

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")

COMMAND = [sys.executable, "-m", "dvc_parallel"]


# The files of small projects. Each stage is a command of the shell, which takes milliseconds.
DIAMOND = {
    "a.txt": "1",
    "dvc.yaml": """
        stages:
          zuletzt:
            cmd: cat left right > end
            deps: [left, right]
            outs: [end]
          left:
            cmd: cat a.txt a.txt > left
            deps: [a.txt]
            outs: [left]
          right: {cmd: sleep 0.1 && cp a.txt right, deps: [a.txt], outs: [right]}
    """,
}
SECOND_FILE = {
    "a.txt": "1",
    "dvc.yaml": "stages: {first: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}}",
    "sub/dvc.yaml": """
        stages:
          second: {cmd: cp ../b.txt c.txt, deps: [../b.txt], outs: [c.txt]}
          third: {cmd: cp c.txt d.txt, deps: [c.txt], outs: [d.txt]}
    """,
}
PROJECTS = yaml.safe_load((FOLDER / "tests/projects.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name",
    [
        "kinds",
        pytest.param("shapes", marks=pytest.mark.variant),
        pytest.param("params", marks=pytest.mark.variant),
    ],
)
def test_a_project_has_the_files_of_dvc_repro_at_first_and_after_an_edit(
    tmp_path: Path, name: str
) -> None:
    project = PROJECTS[name]
    ours, theirs = make_two(tmp_path, project["files"])
    repro_both(ours, theirs)
    write(ours, project["edited"])
    write(theirs, project["edited"])
    repro_both(ours, theirs)
    if name != "kinds":  # it has a stage that is never up to date
        assert repro(ours) == "Nothing to do: all stages are up to date.\n"


@pytest.mark.variant
def test_targets_are_those_of_dvc_repro(tmp_path: Path) -> None:
    ours, theirs = make_two(tmp_path, SECOND_FILE)
    repro_both(ours, theirs, "sub/dvc.yaml:second")
    repro_both(ours / "sub", theirs / "sub")
    for folder in [ours, theirs]:
        write(folder, {"a.txt": "2"})
    repro_both(ours / "sub", theirs / "sub", "--single-item", "third")
    repro_both(ours, theirs, "--force", "first")
    assert repro(ours, "--dry", "sub/dvc.yaml") == "sub/dvc.yaml:second\nsub/dvc.yaml:third\n"
    assert "'nosuch'" in repro(ours, "nosuch", status=1)
    assert "'sub'" in repro(ours, "sub", status=1)  # a folder, without --recursive
    assert repro(ours, "--force", "--dry", "--glob", "sub/dvc.yaml:t*") == (
        "first\nsub/dvc.yaml:second\nsub/dvc.yaml:third\n"
    )
    for pattern in ["t*", "sub/dvc.yaml:t*"]:
        assert repro(ours, pattern, status=1) == (
            f"Error: no stage matches '{pattern}' in dvc.yaml of this folder; with --glob, a "
            "target can be a pattern behind the path of another one, such as "
            "'FOLDER/dvc.yaml:train*'\n"
        )


def test_after_a_failure_other_stages_go_on_and_the_next_run_does_the_rest(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path / "a path with a space", DIAMOND)
    pipeline = (folder / "dvc.yaml").read_text()
    (folder / "dvc.yaml").write_text(
        pipeline.replace("cmd: sleep 0.1 && cp a.txt right", "cmd: [kill -35 $$, touch never]")
    )
    output = repro(folder, "--jobs", "2", status=1)
    assert output.splitlines()[-2:] == [
        "right: ended by signal 35 (all of its output: .dvc/tmp/dvc-parallel/logs/right.log)",
        "Error: 1 of 3 stages failed, and 1 that depend on them did not run; "
        "to retry, run the same command again",
    ]
    assert list(read_lock(folder)) == ["left"]
    assert not (folder / "never").exists()
    (folder / "dvc.yaml").write_text(pipeline)
    assert repro(folder, "--dry") == "right\nzuletzt\n"
    repro(folder)
    assert (folder / "end").read_text() == "111"
    assert repro(folder) == "Nothing to do: all stages are up to date.\n"


# The first of three stages ends with the status in the file `status`, after it has written its
# output. The third stage has a dependency of its own, so it is out of date whatever the second
# one does.
CHAIN = {
    "a.txt": "1",
    "d.txt": "1",
    "status": "0",
    "dvc.yaml": """
        stages:
          first: {cmd: cp a.txt b.txt && exit $(cat status), deps: [a.txt], outs: [b.txt]}
          second: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
          third: {cmd: cat c.txt d.txt > e.txt, deps: [c.txt, d.txt], outs: [e.txt]}
    """,
}


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """Return a project whose three stages have run, before two files were edited."""
    folder = make(tmp_path, CHAIN)
    repro(folder)
    write(folder, {"a.txt": "2", "d.txt": "2"})
    return folder


def test_the_output_of_a_stage_that_has_failed_is_still_ignored_by_git(chain: Path) -> None:
    """Otherwise, `git add --all` would add a large file."""
    (chain / ".dvc/config").write_text("[core]\nanalytics = false")
    run("git init --quiet", chain)
    repro(chain)
    assert run("git check-ignore b.txt", chain) == "b.txt\n"
    write(chain, {"a.txt": "3", "status": "1"})
    repro(chain, status=1)
    assert run("git check-ignore b.txt", chain) == "b.txt\n"


def test_no_stage_behind_a_failed_one_runs_on_old_files(chain: Path) -> None:
    before = read_lock(chain)
    write(chain, {"status": "1"})
    output = repro(chain, status=1)
    assert "1 of 3 stages failed, and 2 that depend on them did not run" in output
    assert (chain / "b.txt").read_text() == "2"  # was written before the failure
    assert (chain / "e.txt").read_text() == "11"
    assert read_lock(chain) == before
    assert repro(chain, "--dry") == "first\nsecond\nthird\n"

    write(chain, {"status": "0"})
    repro(chain)
    assert (chain / "e.txt").read_text() == "22"


def test_a_missing_output_or_dependency_is_named(tmp_path: Path) -> None:
    files = {
        "dvc.yaml": """
            stages:
              lazy: {cmd: "true", outs: [lazy.txt]}
              needy: {cmd: touch needy.txt, deps: [nosuch.txt], outs: [needy.txt]}
        """,
        "needy.txt": "of an earlier run",
    }
    folder = make(tmp_path, files)
    lines = repro(folder, status=1).splitlines()
    assert "lazy: output 'lazy.txt' does not exist" in lines
    assert "needy: dependency 'nosuch.txt' does not exist" in lines
    assert (folder / "needy.txt").read_text() == "of an earlier run"
    assert not (folder / "dvc.lock").exists()


# Stages that edit what they read while they run.
EDITING = {
    "a.txt": "1",
    "folder/one": "1",
    "params.yaml": "seed: 1",
    "dvc.yaml": """
        stages:
          file: {cmd: cp a.txt 1.txt && echo 2 > a.txt, deps: [a.txt], outs: [1.txt]}
          folder: {cmd: ls folder > 3.txt && echo > folder/two && rm folder/one, deps: [folder], outs: [3.txt]}
          param: {cmd: "echo 'seed: 2' > params.yaml && echo 4 > 4.txt", params: [seed], outs: [4.txt]}
          after: {cmd: cp 4.txt 5.txt, deps: [4.txt], outs: [5.txt]}
    """,
}


def test_an_edit_while_a_stage_runs_is_recorded_as_by_dvc_repro(tmp_path: Path) -> None:
    ours, theirs = make_two(tmp_path, EDITING)
    repro(ours)
    run_dvc("repro", theirs)
    assert read_files(ours) == read_files(theirs)
    assert list_cache(ours) == list_cache(theirs)


# A stage that waits for the file `go` and tells by the file `waiting` that it waits.
WAIT = "echo > waiting && while [ ! -e go ]; do sleep 0.02; done"
WAITING = {
    "a.txt": "1",
    "other.txt": "1",
    "dvc.yaml": f"""
        stages:
          slow: {{cmd: "echo >> slow.runs; {WAIT} && cp a.txt b.txt", deps: [a.txt], outs: [b.txt: {{cache: false}}]}}
          apart: {{cmd: cp a.txt e.txt, deps: [a.txt], outs: [e.txt]}}
          last: {{cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}}
    """,
}


@pytest.mark.variant
def test_another_dvc_is_kept_from_the_files_of_a_running_stage_and_from_no_others(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path, WAITING)
    with subprocess.Popen(COMMAND, cwd=folder) as running:
        try:
            wait_for(folder / "waiting", running)
            assert "is busy" in run_dvc("repro last", folder, status=255)
            run_dvc("add --quiet other.txt", folder)
            run_dvc("repro --quiet apart", folder)
        finally:
            (folder / "go").touch()
        assert running.wait() == 0
    assert repro(folder) == "Nothing to do: all stages are up to date.\n"


@pytest.mark.variant
def test_two_runs_share_the_stages_and_record_each_once(tmp_path: Path) -> None:
    """Each output is in .gitignore once, and no stage runs or is restored a second time."""
    stages = "".join(
        f"  s{n}: {{cmd: 'echo >> {n}.runs; sleep 0.5; cp a.txt {n}.txt', "
        f"deps: [a.txt], outs: [{n}.txt]}}\n"
        for n in range(4)
    )
    folder = make(tmp_path, {"a.txt": "1", "dvc.yaml": f"stages:\n{stages}"})
    write(folder, {".dvc/config": "[core]\nanalytics = false"})
    run("git init --quiet", folder)
    with (
        subprocess.Popen(COMMAND, cwd=folder) as first,
        subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.PIPE, text=True) as second,
    ):
        printed, _ = second.communicate()
        assert first.wait() == second.wait() == 0
    assert "waits for another process of DVC" in printed
    assert "is cached" not in printed
    assert [(folder / f"{n}.runs").read_text() for n in range(4)] == 4 * ["\n"]
    ignored = (folder / ".gitignore").read_text().split()
    assert sorted(ignored) == [f"/{n}.txt" for n in range(4)]
    assert repro(folder) == "Nothing to do: all stages are up to date.\n"


# The script of the example in the README.
TRAIN = """
    import sys
    from pathlib import Path

    model = sys.argv[1]
    print("accuracy:", {"forest": 0.9, "neighbors": 0.8, "svm": 0.9}[model])
    Path(f"{model}.txt").touch()
"""


def test_the_example_of_the_readme_prints_what_the_readme_shows(tmp_path: Path) -> None:
    pipeline, _limits = re.findall(r"^```yaml\n(.+?)^```", README, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```console\n(.+?)^```", README, re.MULTILINE | re.DOTALL)
    steps = re.findall(r"^\$ dvc-parallel(.*)\n((?:[^$].*\n)*)", "".join(blocks), re.MULTILINE)
    assert len(steps) == 3
    files = {"dvc.yaml": pipeline, "raw.csv": "1\n", "train.py": TRAIN}
    folder = make(tmp_path, files)
    for words, shown in steps:
        printed = repro(folder, *shlex.split(words))
        assert sort_lines(printed) == sort_lines(shown)


def sort_lines(printed: str) -> list[str]:
    """Return the lines of each stage together, without times. Stages may end in any order."""
    lines = re.sub(r"\d\d:\d\d|\d+\.\d s", "00:00", printed).splitlines()
    return sorted(lines, key=lambda line: line.partition(": ")[0] if ": " in line else "")


@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_the_number_of_jobs_is_positive_or_auto(tmp_path: Path, value: str) -> None:
    error = repro(tmp_path, "--jobs", value, status=2)
    assert f"must be a positive number or `auto`, not '{value}'" in error


def test_auto_is_one_job_on_a_single_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # as if the machine had no other core
    assert suitable_job_count() == 1


SHARING = {  # `first` and `second` run one after the other while `long` runs
    "count.sh": "echo $LOKY_MAX_CPU_COUNT $OMP_NUM_THREADS $OPENBLAS_NUM_THREADS > $1",
    "dvc.yaml": """
        stages:
          long:
            cmd: sh count.sh long && while [ ! -e second ]; do sleep 0.02; done
            outs: [long]
          first: {cmd: sh count.sh first, outs: [first]}
          second: {cmd: sh count.sh second, deps: [first], outs: [second]}
          last: {cmd: sh count.sh last, deps: [long, second], outs: [last]}
        """,
}


def test_stages_that_run_at_once_share_the_cores_unless_the_user_has_shared_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    folder = make(tmp_path, SHARING)
    repro(folder, "--jobs", "2")
    half = max(1, joblib.cpu_count() // 2)
    expected = dict.fromkeys(["long", "first", "second"], f"{half} {half} 7")
    expected["last"] = "7"  # runs alone, in the environment of the user
    assert {name: (folder / name).read_text().strip() for name in expected} == expected


def test_damaged_path_locks_are_removed(tmp_path: Path) -> None:
    folder = make(tmp_path, DIAMOND)
    write(folder, {".dvc/tmp/rwlock": '{"write": {"/a'})
    repro(folder, "--jobs", "auto")
    assert (folder / "end").exists()


@pytest.mark.variant
def test_an_entry_that_disappears_from_dvc_lock_makes_its_stage_outdated(
    tmp_path: Path,
) -> None:
    """`second` is behind `first`, which writes the same again, so it would be skipped."""
    files = {
        "a.txt": "1",
        "params.yaml": "seed: 1",
        "dvc.yaml": f"""
            stages:
              first: {{cmd: "{WAIT} && echo same > b.txt", deps: [a.txt], outs: [b.txt]}}
              second: {{cmd: cp b.txt c.txt, deps: [b.txt], params: [seed], outs: [c.txt]}}
              third: {{cmd: 'echo >> runs', deps: [b.txt], params: [seed]}}
        """,
        "go": "",
    }
    folder = make(tmp_path, files)
    repro(folder)
    before = read_lock(folder)
    write(folder, {"a.txt": "2"})
    for name in ["go", "waiting"]:
        (folder / name).unlink()
    with subprocess.Popen(COMMAND, cwd=folder) as running:
        try:
            wait_for(folder / "waiting", running)
            stages = {"first": before["first"]}
            lock = yaml.safe_dump({"schema": "2.0", "stages": stages})
            (folder / "dvc.lock").write_text(lock)
        finally:
            (folder / "go").touch()
        assert running.wait() == 0
    after = read_lock(folder)
    assert list(after) == ["first", "second", "third"]
    assert after["second"] == before["second"]
    assert (folder / "runs").read_text() == "\n\n"
    assert repro(folder) == "Nothing to do: all stages are up to date.\n"


# Latin-1, with the line ends of Windows and of Unix, and without one at the end
FOREIGN_GITIGNORE = b"# caf\xe9\r\n/x\r\n/y\x0bz\n/end"


def test_a_gitignore_in_any_encoding_is_as_after_dvc_repro_whatever_ends_first(
    tmp_path: Path,
) -> None:
    """With several jobs, the first stage waits for an output of the last one."""
    files = {
        "wait.sh": "if [ -e .dvc/tmp/several ]; then while [ ! -e d ]; do sleep 0.02; done; fi",
        "dvc.yaml": """
            stages:
              a: {cmd: sh wait.sh && echo a > a, outs: [a]}
              b: {cmd: "echo b > b && echo > 'b [1]'", outs: [b, "b [1]"]}
              c: {cmd: cat a > c, deps: [a], outs: [c]}
              d: {cmd: cat b > d, deps: [b], outs: [d]}
        """,
    }
    ours, theirs = make_two(tmp_path, files)
    for folder in [ours, theirs]:
        write(folder, {".dvc/config": "[core]\nanalytics = false"})
        (folder / ".gitignore").write_bytes(FOREIGN_GITIGNORE)
        run("git init --quiet", folder)
    write(ours, {".dvc/tmp/several": ""})
    repro_both(ours, theirs)
    assert (ours / ".gitignore").read_bytes().startswith(FOREIGN_GITIGNORE + b"\n/a\n/b\n")


def test_temporary_files_of_dvc_can_be_on_another_file_system(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    folder = make(tmp_path, DIAMOND)
    with TemporaryDirectory(dir=other) as name:
        (folder / ".dvc/tmp").symlink_to(name)
        repro(folder, "--jobs", "2")
        assert list(read_lock(folder)) == ["left", "right", "zuletzt"]
    assert not list(folder.glob(".dvc.lock*"))


@pytest.mark.slow
def test_experiments_and_worktrees_of_git_are_as_after_dvc_repro(tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    run("git init --quiet", tmp_path / "main")
    folder = tmp_path / "main"
    pipeline = "stages: {train: {cmd: 'echo ${seed} > model', outs: [model]}}"
    write(folder, {"params.yaml": "seed: 1", "dvc.yaml": pipeline})
    run_dvc("init --quiet", folder)
    repro(folder, "--jobs", "2")
    run("git add --all", folder)
    run("git commit --quiet -m all", folder)
    run("git worktree add --quiet ../other", folder)
    worktree = tmp_path / "other"
    repro(worktree, "--jobs", "2")
    assert read_files(worktree) == read_files(folder)
    assert run("git status --porcelain", worktree) == ""

    run("dvc exp run --name here -S seed=2", folder)
    run("git checkout --quiet .", folder)
    run("dvc exp run --name there --temp -S seed=3", folder)
    for name in ["here", "there"]:
        run(f"dvc exp apply {name}", folder)
        assert repro(folder) == "Nothing to do: all stages are up to date.\n"


def imported_names() -> list[str]:
    """Return what the modules of the package import from other packages, with dots."""
    names = []
    for path in FOLDER.glob("dvc_parallel/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names += [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names += [f"{node.module}.{each.name}" for each in node.names]
    return names


def test_the_package_declares_what_it_imports() -> None:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split("[<>=]", each)[0] for each in project["dependencies"]}
    imported = {name.partition(".")[0] for name in imported_names()}
    imported.discard("dvc_data")  # comes with DVC, in the version that it needs
    assert imported - sys.stdlib_module_names == declared


def test_this_dvc_has_all_names_that_the_package_lists() -> None:
    listed = (FOLDER / "dvc-names.txt").read_text(encoding="utf-8").split()
    assert "(dvc-names.txt)" in README
    imported = {name for name in imported_names() if name.startswith("dvc.")}
    assert imported <= set(listed)
    missing = [name for name in listed if locate(name) is None]
    assert not missing, f"DVC {dvc.__version__} moved what this package needs"
