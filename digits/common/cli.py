"""How every script ends: quietly when all is well, with one line and an exit status when it is not."""

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

Item = TypeVar("Item")
NO_MEMORY = ("bad_alloc", "launch worker thread", "start new thread")  # C++, Arrow and Python, when memory runs short


class PipelineError(Exception):
    """Something a user can mend, said in one line; the script ends with exit status 1."""

    exit_status = 1


class ParameterError(PipelineError):
    """A wrong value in params.yaml or on the command line; the script ends with exit status 2."""

    exit_status = 2


class Interrupted(BaseException):
    """Ctrl-C. MLPClassifier catches Python's own KeyboardInterrupt: it ends its training, and passes for fitted."""


def parser(description: str | None, *examples: str) -> argparse.ArgumentParser:
    """Return a parser whose `--help` shows the script's own docstring as it stands, and examples to copy."""
    return argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"example: python {example}" for example in examples),
    )


def run(main: Callable[[], None]) -> NoReturn:
    """Run a script's `main` and exit: 0 when done, 1 for a failure, 2 for a wrong call or parameter, 130 for Ctrl-C.

    What a user can cause (a `PipelineError`, a file or a disk that fails, too little memory) becomes one line on
    standard error; anything else is a defect and keeps its traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it is not ignored, as in the background
        signal.signal(signal.SIGINT, _interrupt)
    gc.freeze()  # what the imports made stays: looking through it would be the collector's first and longest task
    gc.enable()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal or a file without the leaderboard's lines
    main()
    sys.stdout.flush()
    # All files are written by now. Taking apart an interpreter that holds scikit-learn would be a fifth of a small
    # stage's time.
    os._exit(0)


@contextmanager
def warnings_in_lines(about: str) -> Iterator[None]:
    """Print each warning of the block once, in a line, when it has ended: the same one comes from every fold."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in dict.fromkeys(f"{each.category.__name__}: {each.message}" for each in caught):
        note(f"{about}: {message}")


def short_of_memory(error: BaseException) -> bool:
    """Tell whether an error, of whatever type, says that there is too little memory, or none for a thread."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY)


def note(message: str) -> None:
    """Print one line on standard error, with the script's name in front."""
    path = Path(sys.argv[0])
    print(f"{path.parent.name if path.stem == '__main__' else path.stem}: {message}", file=sys.stderr, flush=True)


def progress(work: Iterable[Item], total: int, what: str) -> Iterable[Item]:
    """Show a bar on standard error while `work` is gone through: on a terminal only, and gone when it is done."""
    if not sys.stderr.isatty():
        return work
    from tqdm import tqdm

    return tqdm(work, desc=what, total=total, leave=False)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Say in one line why the script ends, where a user can have caused it, and end at once, threads and all."""
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
        case _ if short_of_memory(error):
            which = f" ({error})" if str(error) else ""
            message = f"there is not enough memory{which}; close other programs, or use a smaller split"
        case OSError():
            message = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        case _:
            sys.__excepthook__(kind, error, traceback)
            os._exit(1)
    note("error: " + " ".join(message.split()))
    os._exit(status)


# Not in `run` alone: the imports that follow take a second, and Ctrl-C may come then.
sys.excepthook = _end
