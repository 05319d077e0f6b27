"""The output of stages: as it is with one job, and behind the names of the stages with several."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dvc_parallel import output
from dvc_parallel.output import CommandOutput
from dvc_projects import make, repro, write

COMMAND = [sys.executable, "-m", "dvc_parallel"]

# A stage that prints a line, and then waits for the file `go`.
LIVE = {
    "live.py": """
        import sys
        import time
        from pathlib import Path

        print("terminal" if sys.stdout.isatty() else "pipe")
        while not Path("go").exists():
            time.sleep(0.02)
        print(input() if sys.stdout.isatty() else sys.stdin.read() or "no input")
        print("error", file=sys.stderr, end="")
    """,
    "dvc.yaml": "stages: {live: {cmd: [echo one, python live.py]}}",
}


@pytest.mark.variant
def test_one_job_has_the_terminal_for_itself(tmp_path: Path) -> None:
    folder = make(tmp_path, LIVE)
    terminal, end = pty.openpty()
    with subprocess.Popen(COMMAND, cwd=folder, stdin=end, stdout=end, stderr=end) as running:
        os.close(end)
        shown = b""
        while b"terminal\r\n" not in shown:
            shown += os.read(terminal, 1000)
        (folder / "go").touch()
        os.write(terminal, b"typed\n")
        while b"up to date" not in shown:
            shown += os.read(terminal, 1000)
        assert running.wait() == 0
    os.close(terminal)
    lines = [line for line in shown.decode().splitlines() if "file/s" not in line]
    text = "\n".join(line.strip("\r !") for line in lines)
    assert text.startswith(
        "Running stage 'live':\n> echo one\none\n> python live.py\nterminal\ntyped\n"
    )
    assert "\nerrorStage 'live' ended after 00:0" in text


@pytest.mark.variant
def test_with_several_jobs_each_line_is_behind_its_stage_as_soon_as_it_is_printed(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path, LIVE)
    command = [*COMMAND, "--jobs", "2"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        lines = [running.stdout.readline() for _ in range(4)]
        assert lines[-1] == "live: pipe\n"
        (folder / "go").touch()
        lines += running.stdout.readlines()
        assert running.wait() == 0
    assert "".join(lines[:-3]) == (
        "live: > echo one\nlive: one\nlive: > python live.py\nlive: pipe\n"
        "live: no input\nlive: error\n"
    )
    assert lines[-3].startswith("live: ended after 00:0")
    assert lines[-1] == "All stages are up to date.\n"


@pytest.mark.variant
def test_no_line_of_much_output_is_lost_or_mixed(tmp_path: Path) -> None:
    stages = ", ".join(f"{name}: {{cmd: seq 100000; seq 2 >&2}}" for name in ["a", "b", "c"])
    folder = make(tmp_path, {"dvc.yaml": f"stages: {{{stages}}}"})
    lines = repro(folder, "--jobs", "3").splitlines()
    for name in ["a", "b", "c"]:
        own = [line.removeprefix(f"{name}: ") for line in lines if line.startswith(f"{name}: ")]
        assert own[1:-1] == [str(i + 1) for i in [*range(100000), 0, 1]]


MIXED = {
    "a.txt": "1",
    "dvc.yaml": """
        stages:
          fails: {cmd: "echo a; printf 'last words' >&2; exit 3", outs: [x]}
          behind: {cmd: cp x y, deps: [x], outs: [y]}
          same: {cmd: echo 1 > b.txt, deps: [a.txt], outs: [b.txt]}
          after: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
    """,
    "sub/dvc.yaml": "stages: {other: {cmd: echo other}}",
}


def test_the_output_of_each_stage_is_in_a_log_and_a_summary_counts_the_outcomes(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path, MIXED)
    repro(folder, "after")
    write(folder, {"a.txt": "2"})
    words = ["--jobs", "2", "--all-pipelines", "--json", "run.json"]
    lines = repro(folder, *words, status=1).splitlines()
    assert (
        "fails: last words (all of its output: .dvc/tmp/dvc-parallel/logs/fails.log)" in lines
    )
    logs = folder / ".dvc/tmp/dvc-parallel/logs"
    assert (logs / "fails.log").read_text().endswith("exit 3\na\nlast words")
    assert (logs / "sub/other.log").read_text() == "> echo other\nother\n"
    [summary] = [line for line in lines if line.startswith("5 stages: ")]
    assert summary.startswith("5 stages: 2 run, 1 skipped, 1 failed, 1 not run, in ")

    content = json.loads((folder / "run.json").read_text())
    stages = {each.pop("stage"): each for each in content["stages"]}
    assert {name: each["outcome"] for name, each in stages.items()} == {
        "fails": "failed",
        "behind": "not run",
        "same": "run",
        "after": "skipped",
        "sub/dvc.yaml:other": "run",
    }
    assert stages["fails"]["error"] == "last words"
    assert stages["fails"]["seconds"] >= 0
    assert stages["after"]["seconds"] is stages["after"]["log"] is None


@pytest.mark.variant
def test_a_restored_stage_is_counted_and_named_once(tmp_path: Path) -> None:
    stage = "{cmd: cat a.txt > b.txt, deps: [a.txt], outs: [b.txt]}"
    folder = make(tmp_path, {"a.txt": "1", "dvc.yaml": f"stages: {{copy: {stage}}}"})
    assert "1 stage: 1 run, in " in repro(folder)
    (folder / "dvc.lock").unlink()
    restored = subprocess.run(COMMAND, cwd=folder, check=True, capture_output=True, text=True)
    assert "1 stage: 1 restored, in " in restored.stdout
    assert (restored.stdout + restored.stderr).count("copy") == 1
    repro(folder, "--json", "run.json")
    assert json.loads((folder / "run.json").read_text())["stages"] == []


def test_a_dry_run_writes_its_stages_for_programs_too(tmp_path: Path) -> None:
    folder = make(tmp_path, {"dvc.yaml": "stages: {a: {cmd: touch a}, b: {cmd: touch b}}"})
    assert repro(folder, "--dry", "--json", "run.json") == "a\nb\n"
    stages = json.loads((folder / "run.json").read_text())["stages"]
    not_run = {"outcome": "not run", "seconds": None, "error": None, "log": None}
    assert stages == [{"stage": "a", **not_run}, {"stage": "b", **not_run}]
    assert not (folder / "a").exists()


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("no/such.json", "there is no folder no"),
        ("here", "is a folder"),
    ],
)
def test_a_file_for_programs_that_cannot_be_written_is_refused_before_the_first_stage(
    tmp_path: Path, file: str, message: str
) -> None:
    folder = make(tmp_path, {"dvc.yaml": "stages: {a: {cmd: touch a}}", "here/x": ""})
    assert repro(folder, "--json", file, status=1) == f"Error: --json {file}: {message}\n"
    assert not (folder / "a").exists()


def test_a_run_is_summarized_even_if_the_file_for_programs_cannot_be_written_any_more(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path, {"dvc.yaml": "stages: {a: {cmd: rmdir to}}"})
    (folder / "to").mkdir()
    output = repro(folder, "--json", "to/run.json", status=1)
    assert "1 stage: 1 run, in " in output
    assert output.endswith("Error: --json to/run.json: No such file or directory\n")


def test_a_process_in_the_background_does_not_keep_the_run_waiting(tmp_path: Path) -> None:
    pipeline = "stages: {a: {cmd: 'sleep 1000 & echo $! > pid; echo done'}}"
    folder = make(tmp_path, {"dvc.yaml": pipeline})
    try:
        assert "a: done\n" in repro(folder, "--jobs", "2")
    finally:
        psutil.Process(int((folder / "pid").read_text())).kill()


@pytest.mark.variant
def test_a_run_stops_if_nobody_reads_its_output(tmp_path: Path) -> None:
    stages = ", ".join(f"{name}: {{cmd: touch {name}; sleep 0.3}}" for name in ["a", "b"])
    folder = make(tmp_path, {"dvc.yaml": f"stages: {{{stages}}}"})
    with subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.PIPE) as running:
        assert running.stdout
        running.stdout.readline()
        running.stdout.close()
        assert running.wait() == 1
    assert not (folder / "a").exists() or not (folder / "b").exists()


@pytest.mark.parametrize(
    ("pieces", "printed"),
    [
        ([b"a", b"b\nc"], b"x: ab\nx: c\n"),
        ([b"a\n\n \nb\n"], b"x: a\nx:\nx:\nx: b\n"),
        ([b"10%\r20", b"%\r", b"\n", b"end\r\n"], b"x: 20%\nx: end\n"),
        ([b"10%\r", b"      \r"], b"x: 10%\n"),
        ([b"\xff\n"], b"x: \xff\n"),
        ([b"1" * (output.MAX_LINE_BYTES + 1), b"2"], b"x: " + b"1" * 65537 + b"\nx: 2\n"),
    ],
)
def test_pieces_of_output_become_lines(
    capfdbinary: pytest.CaptureFixture[bytes], pieces: list[bytes], printed: bytes
) -> None:
    reader = CommandOutput("x")
    for piece in pieces:
        os.write(reader.write_end, piece)
        time.sleep(0.01)
    while not reader.finish():
        time.sleep(0.01)
    assert capfdbinary.readouterr().out == printed


def test_a_progress_bar_is_printed_now_and_then(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "PROGRESS_SECONDS", 0)
    reader = CommandOutput("x")
    os.write(reader.write_end, b"10%\r20%\r")
    shown = b""
    while not shown:
        shown = capfdbinary.readouterr().out
    assert shown == b"x: 20%\n"
    while not reader.finish():
        time.sleep(0.01)
    assert reader.last_line == "20%"
