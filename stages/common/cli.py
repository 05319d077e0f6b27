"""How every script ends: quietly when all is well, with one line and an exit status when it is not."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn, TypeVar

Item = TypeVar("Item")


class PipelineError(Exception):
    """Something a user can mend, said in one line; the script ends with exit status 1."""

    exit_status = 1


class ParameterError(PipelineError):
    """A wrong value in params.yaml or on the command line; the script ends with exit status 2."""

    exit_status = 2


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
    gc.enable()
    try:
        main()
        sys.stdout.flush()
    except PipelineError as error:
        _exit(str(error), error.exit_status)
    except BrokenPipeError:  # whoever read our output, such as `head`, has seen enough
        os._exit(0)
    except OSError as error:
        _exit(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error), 1)
    except MemoryError:
        _exit("there is not enough memory; close other programs, or use a smaller split", 1)
    except KeyboardInterrupt:
        _exit("interrupted", 130)
    # All files are written by now. Taking apart an interpreter that holds scikit-learn would be a fifth of a small
    # stage's time.
    os._exit(0)


def note(message: str) -> None:
    """Print one line on standard error, with the script's name in front."""
    print(f"{Path(sys.argv[0]).stem}: {message}", file=sys.stderr, flush=True)


def progress(work: Iterable[Item], total: int, what: str) -> Iterable[Item]:
    """Show a bar on standard error while `work` is gone through: on a terminal only, and gone when it is done."""
    from tqdm import tqdm

    return tqdm(work, desc=what, total=total, leave=False, disable=None)


def _exit(message: str, status: int) -> NoReturn:
    note("error: " + " ".join(message.split()))
    sys.exit(status)
