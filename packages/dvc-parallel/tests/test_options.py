"""Each option of `dvc repro` does here what it does there."""

import os
import pty
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from dvc_projects import (
    list_cache,
    make,
    make_two,
    read_files,
    repro,
    repro_both,
    run_dvc,
    write,
)


def stage(name: str, dep: str, out: str, command: str = "") -> str:
    """Return a stage of dvc.yaml that copies a file, and counts its runs in NAME.runs."""
    command = command or f"cp {dep} {out}"
    return (
        f"  {name}: {{cmd: 'echo >> {name}.runs && {command}', deps: [{dep}], outs: [{out}]}}\n"
    )


# Two stages in a row, of which the first always writes the same, and two stages apart.
APART = {
    "a.txt": "1",
    "sub/y.txt": "1",
    "dvc.yaml": "stages:\n"
    + stage("first", "a.txt", "b.txt", "echo same > b.txt")
    + stage("second", "b.txt", "c.txt")
    + stage("third", "c.txt", "d.txt")
    + stage("alone", "a.txt", "e.txt"),
    "sub/dvc.yaml": "stages:\n" + stage("other", "y.txt", "z.txt"),
}


def test_options_choose_the_stages_of_dvc_repro(tmp_path: Path) -> None:
    ours, theirs = make_two(tmp_path, APART)
    repro_both(ours, theirs, "-R", "sub")
    assert (ours / "sub/z.txt").exists()
    repro_both(ours, theirs, "-p", "--single-item", "--downstream", "second")
    assert (ours / "d.txt").exists()
    assert not (ours / "e.txt").exists()
    repro_both(ours, theirs, "-P")
    assert (ours / "e.txt").exists()

    for folder in [ours, theirs]:
        write(folder, {"a.txt": "2", "sub/y.txt": "2"})
    repro_both(ours, theirs, "--glob", "sub/dvc.yaml:oth*")
    repro_both(ours, theirs, "--downstream", "second")
    assert (ours / "second.runs").read_text() == "\n"
    repro_both(ours, theirs, "--force-downstream", "third")
    assert (ours / "third.runs").read_text() == "\n\n"
    repro_both(ours, theirs, "--downstream", "-f", "second")
    assert (ours / "first.runs").read_text() == "\n\n"
    assert (ours / "alone.runs").read_text() == "\n"


# A stage whose output the remote has.
REMOTE = {
    "a.txt": "1",
    "raw/one.txt": "1",  # is added with `dvc add raw`
    "dvc.yaml": "stages:\n"
    + stage("first", "a.txt", "b.txt")
    + stage("second", "raw/one.txt", "c.txt"),
}


@pytest.mark.variant
def test_missing_files_are_skipped_or_pulled_as_by_dvc_repro(tmp_path: Path) -> None:
    ours, theirs = make_two(tmp_path, REMOTE)
    repro_both(ours, theirs)
    for folder in [ours, theirs]:
        with (folder / ".dvc/config").open("a") as config:
            config.write(f"\nremote = r\n['remote \"r\"']\nurl = {folder}-remote\n")
        run_dvc("push --quiet --run-cache", folder)
        forget(folder, "b.txt", "c.txt", "raw")

    repro_both(ours, theirs, "--allow-missing")
    assert not (ours / "b.txt").exists()
    repro_both(ours, theirs, "--pull", "--allow-missing")
    assert not (ours / "b.txt").exists()
    repro_both(ours, theirs, "--pull")
    assert (ours / "b.txt").read_text() == (ours / "c.txt").read_text() == "1"

    for folder in [ours, theirs]:
        forget(folder, "b.txt", "c.txt", "raw", "dvc.lock")
    repro_both(ours, theirs, "--pull")
    assert (ours / "b.txt").exists()
    assert (ours / "first.runs").read_text() == "\n"


def test_without_a_remote_there_is_one_line_about_it(tmp_path: Path) -> None:
    folder = make(tmp_path, REMOTE)
    [line] = [each for each in repro(folder, "--pull").splitlines() if "run cache" in each]
    assert line.startswith("The run cache was not pulled: config file error: no remote")
    assert line.count("no remote specified") == 1


def forget(project: Path, *names: str, cache: str = "") -> None:
    """Delete files of a project, and its cache or one folder of it."""
    for name in [f".dvc/cache/{cache}", *names]:
        path = project / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@pytest.mark.variant
def test_the_caches_are_used_as_by_dvc_repro(tmp_path: Path) -> None:
    ours, theirs = make_two(tmp_path, REMOTE)
    repro_both(ours, theirs, "--no-commit")
    assert not list_cache(ours / "files")
    assert not (ours / ".dvc/cache/runs").exists()
    repro_both(ours, theirs, "--force")
    for folder in [ours, theirs]:
        (folder / "dvc.lock").unlink()
    repro_both(ours, theirs, "--no-run-cache", "first")
    repro_both(ours, theirs)
    assert (ours / "first.runs").read_text() == "\n\n\n"
    assert (ours / "second.runs").read_text() == "\n\n"


def test_data_and_frozen_stages_are_not_committed_either(tmp_path: Path) -> None:
    pipeline = "stages: {frozen: {outs: [a], frozen: true, cmd: exit 1}}"
    files = {"raw/a": "1", "a": "2", "dvc.yaml": pipeline}
    ours, theirs = make_two(tmp_path, files)
    write(ours, {"raw/a": "3"})
    write(theirs, {"raw/a": "3"})
    repro_both(ours, theirs, "--no-commit", "raw.dvc", "frozen")
    n_committed = len(list_cache(ours))
    repro_both(ours, theirs, "raw.dvc", "frozen")
    assert len(list_cache(ours)) > n_committed


FAILING = {
    "a.txt": "1",
    "b.txt": "0",
    "dvc.yaml": "stages:\n"
    + stage("first", "a.txt", "none.txt", "exit 3")
    + stage("second", "b.txt", "c.txt")
    + "  third: {cmd: echo >> third.runs, deps: [none.txt, c.txt]}\n"
    + "  fourth: {cmd: cp c.txt d.txt, deps: [c.txt], outs: [d.txt]}\n",
}


def test_after_a_failure_the_same_stages_run_as_with_keep_going(tmp_path: Path) -> None:
    ours, theirs = make_two(tmp_path, FAILING)
    output = repro(ours, "-k", status=1)
    run_dvc("repro --keep-going", theirs, status=255)
    assert read_files(ours) == read_files(theirs)
    assert (ours / "d.txt").exists()
    assert "\nfirst: ended with status 3\n" in output

    output = repro(ours, "--ignore-errors")
    run_dvc("repro --ignore-errors", theirs)
    assert read_files(ours) == read_files(theirs)
    assert "\nfirst: ended with status 3 (ignored)\n" in output
    assert "\n2 of 2 stages failed.\n" in output


def test_a_forced_stage_runs_even_if_a_dependency_is_missing(tmp_path: Path) -> None:
    pipeline = "stages:\n" + stage(
        "first", "made.txt", "b.txt", "echo > made.txt; echo > b.txt"
    )
    ours, theirs = make_two(
        tmp_path, {"dvc.yaml": pipeline + stage("lazy", "no.txt", "c.txt", "echo > c.txt")}
    )
    output = repro(ours, "--force", "--jobs", "2", status=1)
    run_dvc("repro --force --keep-going", theirs, status=255)
    assert read_files(ours) == read_files(theirs)
    assert "lazy: dependency 'no.txt' does not exist" in output
    assert (ours / "lazy.runs").exists()


@pytest.mark.variant
def test_one_job_runs_stages_in_the_order_of_dvc_repro(tmp_path: Path) -> None:
    """`second` is unchanged in the end, and makes `third` ready while `alone` is ready, too."""
    files = {
        "a.txt": "1",
        "dvc.yaml": "stages:\n"
        + stage("first", "a.txt", "b.txt", "echo first >> order; echo same > b.txt")
        + stage("second", "b.txt", "c.txt", "echo second >> order; cp b.txt c.txt")
        + "  third: {cmd: 'echo third >> order', deps: [c.txt], always_changed: true}\n"
        + stage("alone", "a.txt", "e.txt", "echo alone >> order; cp a.txt e.txt"),
    }
    ours, theirs = make_two(tmp_path, files)
    for text in ["1", "2"]:
        for folder in [ours, theirs]:
            write(folder, {"a.txt": text})
        repro(ours)
        run_dvc("repro", theirs)
        assert (ours / "order").read_text() == (theirs / "order").read_text()


# With --single-item, DVC does not care what depends on what.
ORDERED = {
    "a.txt": "1",
    "b.txt": "0",
    "dvc.yaml": "stages:\n"
    + stage("first", "a.txt", "b.txt", "echo first >> order; cp a.txt b.txt")
    + stage("second", "b.txt", "c.txt", "echo second >> order; cp b.txt c.txt"),
}


@pytest.mark.variant
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_single_items_run_in_the_given_order(tmp_path: Path, jobs: str) -> None:
    ours, theirs = make_two(tmp_path, ORDERED)
    repro(ours, "--jobs", jobs, "-s", "second", "first")
    run_dvc("repro -s second first", theirs)
    assert read_files(ours) == read_files(theirs)
    assert (ours / "order").read_text() == "second\nfirst\n"
    assert (ours / "c.txt").read_text() == "0"
    assert (ours / "b.txt").read_text() == "1"


@pytest.mark.parametrize("names", ["first second", "second first"])
def test_a_single_item_runs_although_another_one_has_failed(tmp_path: Path, names: str) -> None:
    failing, _ = names.split()
    text = ORDERED["dvc.yaml"].replace(f"echo {failing} >>", "exit 3;")
    ours, theirs = make_two(tmp_path, ORDERED | {"dvc.yaml": text})
    repro(ours, "--single-item", *names.split(), status=1)
    run_dvc(f"repro --keep-going --single-item {names}", theirs, status=255)
    assert read_files(ours) == read_files(theirs)


def test_a_name_means_what_it_means_for_dvc_repro_before_it_is_a_part_of_a_name(
    tmp_path: Path,
) -> None:
    files = {
        "dvc.yaml": """
            stages:
              fit: {matrix: {model: [knn, svm]}, cmd: "echo ${item.model}"}
              knn: {cmd: echo}
        """,
        "svm/keep": "",  # the name of a folder is no other target
    }
    folder = make(tmp_path, files)
    assert repro(folder, "--dry", "knn") == "knn\n"
    assert repro(folder, "--dry", "svm") == "fit@svm\n"
    assert repro(folder, "--dry", "fit") == "fit@knn\nfit@svm\n"


@pytest.mark.variant
@pytest.mark.parametrize(("answer", "is_configured"), [("y", False), ("n", True)])
def test_each_stage_is_asked_for(tmp_path: Path, answer: str, is_configured: bool) -> None:
    folder = make(tmp_path, ORDERED)
    words = ["--interactive"]
    if is_configured:
        write(folder, {".dvc/config": "[core]\nno_scm = true\ninteractive = true"})
        words = []
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "dvc_parallel", *words]
    with subprocess.Popen(command, cwd=folder, stdin=end, stdout=end, stderr=end) as running:
        os.close(end)
        os.write(terminal, f"{answer}\n{answer}\n".encode())
        shown = b""
        with suppress(OSError):  # the command has ended
            while piece := os.read(terminal, 1000):
                shown += piece
    os.close(terminal)
    assert b"Going to reproduce stage: 'first'. Are you sure you want to continue?" in shown
    assert running.returncode == (0 if answer == "y" else 1)
    assert (folder / "order").exists() == (answer == "y")
    assert (b"reproduction aborted by the user" in shown) == (answer == "n")
