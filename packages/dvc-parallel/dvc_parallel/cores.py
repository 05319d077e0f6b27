"""Count the cores, and share them out among the commands that run at the same time."""

from __future__ import annotations

import os

# The variables by which libraries limit their threads: OpenMP, with PyTorch and scikit-learn,
# then three libraries for linear algebra, and numexpr.
THREAD_VARIABLES = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
]
CORES_VARIABLE = "LOKY_MAX_CPU_COUNT"  # what joblib takes for the number of cores


def count_cores() -> int:
    """Return the number of cores that this process may use.

    A container or the variable LOKY_MAX_CPU_COUNT can limit it.
    """
    import joblib  # here, because its import takes as long as all of a run without work

    cores: int = joblib.cpu_count()
    return cores


def share_cores(n_commands: int) -> dict[str, str]:
    """Return the environment variables for one of several commands that run at the same time.

    A variable that the user has set is left out. A command that runs alone gets no variables.

    Args:
        n_commands: how many commands run at the same time.
    """
    if n_commands == 1:
        return {}
    share = str(max(1, count_cores() // n_commands))
    unset = [name for name in THREAD_VARIABLES if name not in os.environ]
    # LOKY_MAX_CPU_COUNT is set even if the user has set it: `count_cores` already obeys that.
    return dict.fromkeys([*unset, CORES_VARIABLE], share)
