"""Command lines: how every script is called, reports and ends.

A script ends quietly when all is well, and with one line and an exit status when it is not.
"""

import argparse
import gc
import io
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, TypeVar

from digits.common.errors import Interrupted, PipelineError, out_of_memory

Item = TypeVar("Item")


def parser(description: str | None, *examples: str) -> argparse.ArgumentParser:
    """Return a parser whose `--help` shows the script's docstring, and examples of arguments to copy."""
    return argparse.ArgumentParser(
        prog=f"python -m {_module()}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"example: python -m {_module()} {example}".rstrip() for example in examples),
    )


def block_name(description: str | None, section: str, example: str) -> str:
    """Return the one argument of a stage's command line: the name of a block of params.yaml."""
    command_line = parser(description, example)
    command_line.add_argument("name", help=f"a block of `{section}` in params.yaml")
    return str(command_line.parse_args().name)


def run(main: Callable[[], None]) -> NoReturn:
    """Run a script's `main` and exit: 0 when done, 1 for a failure, 2 for a wrong call or parameter, 130 for Ctrl-C.

    What a user can cause (a `PipelineError`, a file or a disk that fails, too little memory) is reported in one line
    on standard error; anything else is a defect and keeps its traceback.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as it is in the background of a shell
        signal.signal(signal.SIGINT, _interrupt)
    gc.freeze()  # what the imports made stays: it would be looked through at each collection
    gc.enable()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal or a file without the leaderboard's lines
    main()
    sys.stdout.flush()
    # All files are written. Taking apart an interpreter that holds scikit-learn would be 3 % of a cold `dvc repro`.
    os._exit(0)


@contextmanager
def warnings_in_lines(about: str) -> Iterator[None]:
    """Print each warning of the block once, in a line, when it has ended: the same one comes from every fold."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in dict.fromkeys(f"{each.category.__name__}: {each.message}" for each in caught):
        note(f"{about}: {message}")


def note(message: str) -> None:
    """Print one line on standard error, with the script's name in front."""
    print(f"{_module().rpartition('.')[2]}: {message}", file=sys.stderr, flush=True)


def progress(work: Iterable[Item], total: int, unit: str) -> Iterable[Item]:
    """Show a bar on standard error while `work` is iterated: on a terminal only, and gone when it is done."""
    if not sys.stderr.isatty():
        return work
    from tqdm import tqdm

    return tqdm(work, desc=unit, total=total, leave=False)


def _module() -> str:
    """Return the name after `python -m`, which `sys.argv` has not got yet while the packages are imported."""
    words = sys.orig_argv
    return words[words.index("-m") + 1] if "-m" in words else Path(sys.argv[0]).stem


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Report in one line why the script ends, where a user can have caused it, and end at once, threads and all."""
    with suppress(OSError):
        sys.stdout.flush()
    status = 1
    match error:
        case PipelineError():
            message, status = str(error), error.exit_status
        case Interrupted() | KeyboardInterrupt():  # the latter while the imports run
            message, status = "interrupted", 130
        case BrokenPipeError():  # whoever read our output, such as `head`, has seen enough
            os._exit(0)
        case _ if out_of_memory(error):
            which = f" ({error})" if str(error) else ""
            message = f"there is not enough memory{which}; close other programs, or use a smaller split"
        case OSError():
            message = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        case _:
            sys.__excepthook__(kind, error, traceback)
            os._exit(1)
    note("error: " + " ".join(message.split()))
    os._exit(status)


def _end_now(number: int, frame: FrameType | None) -> None:
    _end(KeyboardInterrupt, KeyboardInterrupt(), None)


# Not in `run` alone: the imports that follow take a second, and Ctrl-C may come then. NumPy's C code would turn a
# KeyboardInterrupt into an ImportError, so Ctrl-C ends the script at once; `-m` stands there until Python has found it.
sys.excepthook = _end
if sys.argv[0] == "-m" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end_now)
