"""A full disk, Ctrl-C and a kill are one line each, and the next `dvc repro` is right."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from digits.core import paths
from digits.core.files import atomic_write
from digits.messages.errors import UserError, report_os_errors
from tests.helpers import tiny
from tests.helpers.calls import failure
from tests.helpers.processes import Running

# On Linux every write to this file fails as on a full disk, also for root.
FULL_DISK = Path("/dev/full")

# A source that would take years.
ENDLESS = """
from digits.sources import Source

def open_endless(place, dataset):
    print("reading", flush=True)
    sum(range(10**15))  # one instruction of Python, which no signal handler interrupts

source = Source(open_endless)
"""

# Stops the stage `train` between its two outputs. It has written the model, and is about to
# make the folder of the predictions.
STOP = """
import signal, sys

def stop(event, arguments):
    if event == "os.mkdir" and str(arguments[0]) == "data/crossval":
        print("stopped", flush=True)
        signal.pause()

if "stages.train" in sys.orig_argv:
    sys.addaudithook(stop)
"""

# Stops a stage while it imports pandas.
STOP_AT_IMPORT = """
import sys, time

def stop(event, arguments):
    if event == "import" and arguments[0] == "pandas":
        print("stopped", flush=True)
        time.sleep(1000)

if "stages.split" in sys.orig_argv:
    sys.addaudithook(stop)
"""


@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_one_line_and_the_next_run_is_right(made: Path, project: Path) -> None:
    for stage, output in [
        ("evaluate five-sgd", "plots/five-sgd/metrics.csv"),
        ("train five-sgd", str(paths.model("five-sgd"))),
        ("fetch tiny", "data/raw/tiny.parquet"),
    ]:
        path = project / output
        before = path.read_bytes()
        # A file is written under this name, and is renamed when it is whole.
        writer = f"{os.getpid()}-{threading.get_ident()}"
        path.with_name(f".{path.name}.{writer}.tmp").symlink_to(FULL_DISK)
        line = failure(project, *stage.split())
        assert line.startswith(f"Error: {output} cannot be written: ")
        assert line.endswith("No space left on device")
        assert path.read_bytes() == before
    assert tiny.repro(project) == []  # the run cache has all outputs
    assert tiny.files(project) == tiny.files(made)


def start_thread() -> None:
    """Start a thread with a stack that is larger than what a process can address."""
    before = threading.stack_size(2**47)
    try:
        threading.Thread(target=print).start()
    finally:
        threading.stack_size(before)


@pytest.mark.parametrize("exceed", [lambda: bytes(2**62), start_thread])
def test_too_little_memory_is_one_line(exceed: Callable[[], object]) -> None:
    line = r"^too little memory, or too many threads \(.+\); close other programs"
    with pytest.raises(UserError, match=line), report_os_errors():
        exceed()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file/folder/table"
    with pytest.raises(UserError, match="cannot be written"), atomic_write(path) as temporary:
        temporary.touch()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_if_writing_fails(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")

    def write_half(temporary: Path) -> None:
        temporary.write_text("half")
        raise error

    with pytest.raises(error), atomic_write(path) as temporary:
        write_half(temporary)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "before"


def test_two_threads_and_two_processes_may_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"

    def write_in_thread() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("thread")

    with atomic_write(path) as temporary:
        temporary.write_text("first")
        thread = threading.Thread(target=write_in_thread)
        thread.start()
        thread.join()
        assert path.read_text() == "thread"
        write = f"with atomic_write(Path({str(path)!r})) as file: file.write_text('process')"
        imports = "from pathlib import Path; from digits.core.files import atomic_write"
        tiny.run(["python", "-c", f"{imports}\n{write}"], tiny.ROOT)
        assert path.read_text() == "process"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.variant
def test_ctrl_c_ends_a_stage_that_would_take_years(made: Path, project: Path) -> None:
    module = project / "digits/sources/endless.py"
    module.write_text(ENDLESS)
    tiny.edit(project, {"datasets.tiny.sources": [{"endless": "here"}]})
    with Running("dvc repro fetch@tiny", project) as running:
        running.wait_for_line("reading")
        output = running.end(signal.SIGINT)
    # With Python 3.14 a warning of semaphores may follow.
    assert "python -m stages.fetch tiny, exited with -2\n" in output
    assert "Traceback" not in output
    assert not (project / "data/raw/tiny.parquet").exists()

    tiny.edit(project, {})
    assert tiny.repro(project) == []
    module.unlink()
    assert tiny.files(project) == tiny.files(made)


def test_ctrl_c_during_the_imports_of_a_stage_prints_no_traceback(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(STOP_AT_IMPORT)
    with Running("dvc repro --force split@tiny", project, PYTHONPATH=str(tmp_path)) as running:
        running.wait_for_line("stopped")
        output = running.end(signal.SIGINT)
    assert ", exited with -2\n" in output
    assert "Traceback" not in output


def test_a_database_of_dvc_that_cannot_be_used_is_one_line(project: Path) -> None:
    place = project / "database"
    place.mkdir()
    script = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))"
    (place / "sitecustomize.py").write_text(script)
    done = tiny.run(
        ["digits", "repro", "--dry"],
        project,
        status=1,
        PYTHONPATH=f"{place}{os.pathsep}{project}",
        DVC_SITE_CACHE_DIR=str(place),
    )
    assert done.stderr.startswith("Error: DVC's database cannot be used (")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_stage_that_is_killed_between_two_files_runs_again(
    made: Path, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(STOP)
    command = "dvc repro --force --single-item train@five-sgd"
    with Running(command, project, PYTHONPATH=str(tmp_path)) as running:
        running.wait_for_line("stopped")
        running.end(signal.SIGKILL)
    assert (project / paths.model("five-sgd")).exists()
    assert not (project / "data/crossval/five-sgd.parquet").exists()
    assert tiny.repro(project) == []  # the run cache has all outputs
    assert tiny.files(project) == tiny.files(made)
