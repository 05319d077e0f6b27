"""What an import does to the process that imports: it sets the variables that NumPy reads, and nothing else."""

import ast
import os
import platform
import subprocess
import sys
from importlib.util import find_spec

from tests import tiny

import pytest

MODULES = sorted(
    ".".join(path.relative_to(tiny.ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("digits", "stages")
    for path in (tiny.ROOT / package).rglob("*.py")
)
NEED_DASK = {"digits.scale.cluster"} if find_spec("distributed") is None else set()
STATE = """
import atexit, gc, importlib, os, signal, sys, threading
hooks, register = [], atexit.register
def watched(function, *args, **kwargs):  # libraries may have theirs, this project has none
    if sys._getframe(1).f_globals["__name__"].partition(".")[0] in ("digits", "stages"):
        hooks.append(function)
    return register(function, *args, **kwargs)
atexit.register = watched
def state():
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    threads = [thread.name for thread in threading.enumerate()]
    return [sys.excepthook, threading.excepthook, handlers, gc.isenabled(), gc.get_threshold(), hooks[:], threads]
before = state()
for name in sys.argv[1:]:
    importlib.import_module(name)
    assert state() == before, name
"""
WATCH = """
import os, runpy, sys
class Watch:
    def find_spec(self, name, path, target=None):
        if name == "numpy": print("OPENBLAS_NUM_THREADS", os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Watch())
"""
SCRIPT = "sys.path[0], sys.argv = 'stages', ['stages/train.py', '--help']; runpy.run_path(sys.argv[0], {}, '__main__')"


def python(program: str, *arguments: str) -> str:
    """Run a program without what this process has set for NumPy, and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS")}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=tiny.ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_import_changes_nothing_in_the_process() -> None:
    python(STATE, *(name for name in MODULES if name not in NEED_DASK))


def test_numpy_is_loaded_after_its_environment_is_set() -> None:
    assert python(WATCH + SCRIPT).splitlines()[0] == "OPENBLAS_NUM_THREADS 1"


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="of x86 alone")
def test_every_x86_machine_calculates_alike() -> None:
    program = "import digits, sklearn, threadpoolctl as t; print({i.get('architecture') for i in t.threadpool_info()})"
    assert ast.literal_eval(python(program)) - {None} == {"Haswell"}
