"""What a run has started ends with it. If it cannot, the next run notices."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psutil
import pytest
import zc.lockfile

from dvc_parallel import command
from dvc_parallel.processes import find_processes, find_session
from dvc_projects import (
    is_alive,
    list_cache,
    make,
    make_two,
    read_files,
    read_lock,
    repro,
    run_dvc,
    wait_for,
)

COMMAND = [sys.executable, "-m", "dvc_parallel"]
INTERRUPTED = "Error: interrupted; run the same command again to continue"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Let no signal be ignored. A shell lets commands in its background ignore Ctrl-C."""
    previous = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


# One stage ignores signals, and starts processes of which one leaves the session. The other one
# tells which signal it gets, and sends one to the run when all of them run.
STUBBORN = {
    "ignore.sh": """
        trap '' INT TERM HUP
        python -c 'import os, time; os.setsid(); open("left", "w").write(str(os.getpid())); time.sleep(1000)' &
        (sleep 1000 & echo $! > orphan)
        echo $$ > ignores
        wait
    """,
    "send.sh": """
        trap 'echo INT > got; exit' INT
        trap 'echo TERM > got; exit' TERM
        trap 'echo HUP > got; exit' HUP
        while [ ! -s ignores ] || [ ! -s left ] || [ ! -s orphan ]; do sleep 0.02; done
        echo $$ > sends; kill -$(cat number) $PPID; while :; do sleep 0.02; done
    """,
    "dvc.yaml": "stages: {a: {cmd: exec sh ignore.sh}, b: {cmd: exec sh send.sh}}",
}


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_reaches_all_commands_and_ends_their_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(command, "GRACE_SECONDS", 0.5)
    folder = make(tmp_path, STUBBORN | {"number": str(number.value)})
    lines = repro(folder, "--jobs", "2", status=1).splitlines()
    assert "Ending the running stages. Ctrl-C kills them at once." in lines
    assert any(line.startswith("2 stages: 2 not run, in ") for line in lines)
    assert lines[-1] == INTERRUPTED
    assert (folder / "got").read_text() == f"{number.name.removeprefix('SIG')}\n"
    for name in ["ignores", "left", "orphan", "sends"]:
        assert not is_alive(int((folder / name).read_text()))
    assert not list(folder.glob(".dvc/tmp/dvc-parallel/*.json"))


def test_a_second_signal_kills_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "GRACE_SECONDS", 500)
    script = "trap '' TERM; echo $$ > pid; while :; do kill -TERM $PPID; sleep 0.2; done"
    folder = make(tmp_path, {"dvc.yaml": "stages: {a: {cmd: exec sh a.sh}}", "a.sh": script})
    repro(folder, status=1)
    assert not is_alive(int((folder / "pid").read_text()))


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """`nohup dvc-parallel` goes on when the terminal is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    folder = make(tmp_path, {"dvc.yaml": "stages: {a: {cmd: kill -HUP $PPID; sleep 0.2}}"})
    assert repro(folder).endswith("All stages are up to date.\n")


# A stage that waits for the file `go` before it writes its output, and a process beside it.
WAITING = {
    "a.txt": "1",
    "wait.sh": """
        sleep 1000 &
        echo $$ > pid
        while [ ! -e go ]; do sleep 0.02; done
        kill $!
        cp a.txt b.txt
    """,
    "dvc.yaml": "stages: {slow: {cmd: exec sh wait.sh, deps: [a.txt], outs: [b.txt]}}",
}


@pytest.mark.variant
@pytest.mark.parametrize("jobs", [pytest.param("1", marks=pytest.mark.variant), "2"])
def test_a_closed_terminal_ends_all(tmp_path: Path, jobs: str) -> None:
    folder = make(tmp_path, WAITING)
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "--jobs", jobs],
        cwd=folder,
        stdin=end,
        stdout=end,
        stderr=end,
        preexec_fn=lambda: os.login_tty(os.dup(end)),
    ) as running:
        os.close(end)
        wait_for(folder / "pid", running)
        os.close(terminal)
        running.wait()
    assert not is_alive(int((folder / "pid").read_text()))
    (folder / "go").touch()
    repro(folder)
    assert (folder / "b.txt").read_text() == "1"


@pytest.mark.variant
def test_nothing_runs_beside_a_command_that_a_killed_run_has_left(tmp_path: Path) -> None:
    folder = make(tmp_path, WAITING)
    with subprocess.Popen(COMMAND, cwd=folder) as running:
        wait_for(folder / "pid", running)
        running.kill()
    [line] = repro(folder, status=1).splitlines()
    assert line.startswith(
        "Error: stage 'slow' of an earlier run, which was killed, is still running and may "
        "overwrite outputs; wait for it, or end it with `kill "
    )
    assert repro(folder, "--dry") == "slow\n"
    advised = line.split("`")[1]
    pids = advised.split()[1:]
    leader = (folder / "pid").read_text().strip()
    assert leader in pids
    subprocess.run(shlex.split(advised), stderr=subprocess.DEVNULL, check=False)
    while any(find_session(int(leader))):  # it may just have started another `sleep`
        time.sleep(0.02)
    (folder / "go").touch()
    assert repro(folder).endswith("All stages are up to date.\n")


def test_a_process_that_outlives_its_command_is_found() -> None:
    script = "sleep 1000 >/dev/null & echo $!"
    with subprocess.Popen(
        ["sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as shell:
        start_time = psutil.Process(shell.pid).create_time()
        output, _ = shell.communicate()
    child = int(output)
    found = [process.pid for process in find_processes(shell.pid, start_time)]
    os.kill(child, signal.SIGKILL)
    assert found == [child]


# The record of a running command.
RECORD = ".dvc/tmp/dvc-parallel/1.json"
EARLIER = [psutil.Process().pid, psutil.Process().create_time() - 1000]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("", id="damaged"),
        pytest.param(
            json.dumps({"runner": EARLIER, "command": EARLIER}),
            id="another process has its number",
        ),
    ],
)
def test_a_record_of_no_running_command_does_not_stop_later_runs(
    tmp_path: Path, record: str
) -> None:
    folder = make(tmp_path, WAITING | {"go": "", RECORD: record})
    assert repro(folder).endswith("All stages are up to date.\n")
    assert not (folder / RECORD).exists()


def test_a_command_that_had_just_started_when_its_run_was_killed_is_found(
    tmp_path: Path,
) -> None:
    variables = {"DVC_ROOT": str(tmp_path), "DVC_STAGE": "slow"}
    record = json.dumps({"runner": [1, 0], "command": None, "variables": variables})
    folder = make(tmp_path, WAITING | {"go": "", RECORD: record})
    with subprocess.Popen(["sleep", "1000"], env=os.environ | variables) as started:
        try:
            assert f"end it with `kill {started.pid}`, and" in repro(folder, status=1)
        finally:
            started.kill()
    repro(folder)
    assert not (folder / RECORD).exists()


@pytest.mark.variant
def test_a_stage_that_is_being_recorded_at_a_signal_is_recorded(tmp_path: Path) -> None:
    """The second stage sends the signal when the first one's files appear in the cache."""
    pipeline = """
        stages:
          many: {cmd: mkdir many && seq 3000 | split -l 1 -a 3 - many/, outs: [many]}
          send: {cmd: exec sh send.sh, outs: [never]}
    """
    send = """
        while [ -z "$(ls .dvc/cache/files/md5 2> /dev/null)" ]; do sleep 0.01; done
        kill -INT $PPID
        sleep 1000
    """
    folder = make(tmp_path, {"dvc.yaml": pipeline, "send.sh": send})
    assert repro(folder, "--jobs", "2", status=1).splitlines()[-1] == INTERRUPTED
    assert list(read_lock(folder)) == ["many"]
    assert repro(folder, "--dry") == "send\n"


def test_a_stage_whose_command_has_ended_when_a_signal_comes_is_recorded(
    tmp_path: Path,
) -> None:
    """The run is suspended, so that it cannot notice the end of the command before the signal."""
    pipeline = WAITING["dvc.yaml"].replace("}}", "}, last: {cmd: echo, deps: [b.txt]}}")
    folder = make(tmp_path, WAITING | {"dvc.yaml": pipeline})
    with subprocess.Popen(COMMAND, cwd=folder) as running:
        wait_for(folder / "pid", running)
        running.send_signal(signal.SIGSTOP)
        (folder / "go").touch()
        while is_alive(int((folder / "pid").read_text())):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGCONT)
        assert running.wait() == 1
    assert list(read_lock(folder)) == ["slow"]
    assert not list(folder.glob(".dvc/tmp/dvc-parallel/*.json"))


@pytest.mark.slow
def test_a_run_that_waits_for_another_dvc_can_be_stopped(tmp_path: Path) -> None:
    folder = make(tmp_path, WAITING)
    with subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.PIPE, text=True) as running:
        wait_for(folder / "pid", running)
        lock = zc.lockfile.LockFile(folder / ".dvc/tmp/lock")
        (folder / "go").touch()
        time.sleep(1)  # until the run waits for the lock
        running.terminate()
        printed, _ = running.communicate()
        lock.close()
    assert "Stage 'slow' has ended, but is not recorded" in printed
    assert running.returncode == 1


# Eight stages that take a moment each, and one behind them.
MANY = {
    "a.txt": "1",
    "dvc.yaml": """
        stages:
          part:
            matrix: {n: [1, 2, 3, 4, 5, 6, 7, 8]}
            cmd: sleep 0.1 && cp a.txt p${item.n} && sleep 0.1
            deps: [a.txt]
            outs: ["p${item.n}"]
          all: {cmd: 'cat p? > all', deps: [p1, p2, p3, p4, p5, p6, p7, p8], outs: [all]}
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_after_a_signal_at_any_moment_the_next_run_has_the_files_of_dvc_repro(
    tmp_path: Path, seed: int
) -> None:
    ours, theirs = make_two(tmp_path, MANY)
    run_dvc("repro", theirs)
    numbers = [signal.SIGKILL, *SIGNALS]
    number = numbers[seed % len(numbers)]
    with subprocess.Popen([*COMMAND, "--jobs", "2"], cwd=ours) as running:
        time.sleep(Random(seed).uniform(0.3, 4))
        running.send_signal(number)
    while True:
        done = subprocess.run(
            [*COMMAND, "--jobs", "2"], cwd=ours, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            break
        advised = done.stderr.split("`")[1]  # kill the stages that a killed run has left
        assert advised.startswith("kill ")
        subprocess.run(shlex.split(advised), stderr=subprocess.DEVNULL, check=False)
    cached = list_cache(ours)
    if number == signal.SIGKILL:  # it may leave a file that is half copied, as it does with DVC
        cached = [path for path in cached if not path.endswith(".tmp")]
    assert cached == list_cache(theirs)
    assert read_lock(ours) == read_lock(theirs)
    for folder in [ours, theirs]:  # stages that ended before the signal come first in ours
        (folder / "dvc.lock").unlink()
    assert read_files(ours) == read_files(theirs)
