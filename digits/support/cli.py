"""The command line of every script: its argument, messages, progress, errors and exit status."""

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
from types import FrameType
from typing import NoReturn, TypeVar

from digits.support import environment, orphans
from digits.support.errors import Interrupted, PipelineError, out_of_memory, printable

Item = TypeVar("Item")


def block_name(description: str | None, section: str, example: str) -> str:
    """Return the one argument of a stage's command line, the name of a block of params.yaml.

    A PipelineError if other versions are installed than environment.txt pins: other bytes would come out. From then on
    the stage ends as soon as DVC does.
    """
    command = f"python stages/{program()}.py"
    parser = argparse.ArgumentParser(command, formatter_class=argparse.RawTextHelpFormatter)
    parser.description, parser.epilog = description, f"example: {command} {example}"
    parser.add_argument("name", help=f"a block of `{section}` in params.yaml")
    name = str(parser.parse_args().name)
    environment.require_pinned()
    orphans.end_with_dvc()
    return name


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
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 (the caller closed it)
    status = 0
    try:
        if not sys.stdout:
            raise PipelineError("standard output is closed")
        main()
        sys.stdout.flush()
    except BaseException as error:
        status = _report(error)
        with suppress(OSError, AttributeError):
            sys.stdout.flush()
    # Threads and all. Taking apart an interpreter that holds scikit-learn would be 3 % of a cold `dvc repro`.
    os._exit(status)


@contextmanager
def warnings_in_lines(about: str) -> Iterator[None]:
    """Print each warning of the block once, in one line, after the block: every fold gives the same one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in dict.fromkeys(f"{each.category.__name__}: {each.message}" for each in caught):
        note(f"{about}: {' '.join(message.split())}")


def note(message: str) -> None:
    """Print one line on standard error, with the script's or the command's name in front."""
    print(printable(f"{program()}: {message}"), file=sys.stderr, flush=True)


def progress(work: Iterable[Item], total: int | None, unit: str) -> Iterable[Item]:
    """Show a progress bar on standard error while `work` is iterated, on a terminal only."""
    if not sys.stderr.isatty():
        return work
    from tqdm import tqdm

    return tqdm(work, desc=unit, total=total, leave=False)


def program() -> str:
    """Return the name of the running script, `train`, or of the running command, `show`."""
    name = Path(sys.argv[0]).stem
    return next((word for word in sys.argv[1:] if not word.startswith("-")), name) if name == "digits" else name


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted


def _report(error: BaseException) -> int:
    """Report an error that a user can cause in one line, and return the exit status; raise any other error."""
    status = 1
    match error:
        case PipelineError():
            message, status = str(error), error.exit_status
        case SystemExit():
            return int(error.code or 0)
        case Interrupted() | KeyboardInterrupt():
            message, status = "interrupted", 130
        case BrokenPipeError():  # whoever read our output, such as `head`, has seen enough
            return 0
        case _ if out_of_memory(error):
            message = f"there is not enough memory ({error}); close other programs, or use a smaller split"
        case OSError():
            message = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        case _:
            raise error
    note("error: " + " ".join(message.split()))
    return status
