"""Model files that make a file `ran` when they are loaded by a reader that runs what they say."""

import os
import pickle
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from skops import io


class Pickled:
    """Unpickled, it is a call of `os.system`."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.ran}",)


class Popen(Pickled):
    """Read by skops with every type trusted, it is a call of `subprocess.Popen`."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (["touch", str(self.ran)],)


Popen.__module__ = "subprocess"


def pickled(ran: Path) -> bytes:
    """Return a pickle that makes the file `ran`."""
    return pickle.dumps(Pickled(ran))


def skops(ran: Path) -> bytes:
    """Return a file in skops' format that makes the file `ran`."""
    step = FunctionTransformer(kw_args={"bomb": Popen(ran)})
    return bytes(io.dumps(Pipeline([("step", step)])))
