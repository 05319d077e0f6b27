"""The end of a stage whose DVC has ended: what it would write may be the next run's by then."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

POLL = 0.1  # seconds; another `dvc repro` takes longer to get as far as a stage


def end_with_dvc() -> None:
    """End this process and its workers once the DVC that started it has ended, however; on Windows, nothing tells."""
    if "DVC_STAGE" in os.environ and os.name != "nt":
        threading.Thread(target=_end_after, args=(_dvc(),), daemon=True).start()


def _dvc() -> int:
    """Return the process that started us, or its parent if that is DVC's shell: not every shell execs its command."""
    process, variable = os.getppid(), f"DVC_STAGE={os.environ['DVC_STAGE']}".encode()
    with suppress(OSError):  # no /proc, as on macOS, or it ended this moment
        while variable in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):  # DVC sets it for the shell only
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process


def _end_after(dvc: int) -> None:
    with suppress(ProcessLookupError):
        # In another session it is the system's first process, our parent since DVC ended during our imports.
        while os.getsid(dvc) == os.getsid(0) and _dvc() == dvc:
            time.sleep(POLL)
    import multiprocessing  # which a stage without joblib has not imported

    with suppress(ProcessLookupError):
        for worker in multiprocessing.active_children():  # joblib's too, which would wait for more work for minutes
            os.kill(worker.ident or os.getpid(), signal.SIGKILL)  # loky's have no `kill`
    os._exit(1)
