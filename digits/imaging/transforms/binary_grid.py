"""Round values to a binary grid.

Processors add up the terms of a sum in different orders. In any order, sums of products of such
values are exact, so that all processors compute the same features and distances.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

STEP = 2.0**-16


def round_to_grid(
    values: npt.NDArray[np.floating[Any]], step: float = STEP
) -> npt.NDArray[np.float32]:
    """Return values, rounded to multiples of a step. float32 holds 2**24 multiples."""
    return (np.rint(values / step) * step).astype(np.float32, copy=False)
