"""The end of a stage whose DVC has ended: what it would write may be the next run's by then."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

POLL = 0.1  # seconds; another `dvc repro` takes longer to get as far as a stage


def end_with_dvc() -> None:
    """End this process and its workers as soon as the DVC that started it has ended, however that was.

    Not where a person started it, nor on Windows, which does not tell whether a parent process lives.
    """
    if "DVC_STAGE" not in os.environ or os.name == "nt":
        return
    dvc = _dvc()
    with suppress(ProcessLookupError):
        if os.getsid(dvc) == os.getsid(0):  # else it has ended, and the system's first process is our parent
            threading.Thread(target=_watch, args=(dvc,), daemon=True).start()
            return
    os._exit(1)


def _dvc() -> int:
    """Return the process that started us, or the one before if that is DVC's shell: not every shell execs its command.

    DVC_STAGE is in the environment of what DVC has started, and not in DVC's own.
    """
    process, variable = os.getppid(), f"DVC_STAGE={os.environ['DVC_STAGE']}".encode()
    with suppress(OSError):  # no /proc, as on macOS, or it ended this moment
        while variable in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process


def _watch(dvc: int) -> None:
    while _dvc() == dvc:
        time.sleep(POLL)
    import multiprocessing  # which a stage without joblib has not imported

    with suppress(ProcessLookupError):
        for worker in multiprocessing.active_children():  # joblib's too, which would wait for more work for minutes
            os.kill(worker.ident or os.getpid(), signal.SIGKILL)  # loky's have no `kill`
    os._exit(1)
