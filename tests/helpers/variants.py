"""Cases of a test that only CI runs."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytest


def mark_variants(cases: Iterable[Any], n_quick: int = 1) -> list[Any]:
    """Return the cases of a test. `make test` runs only the first ones.

    Args:
        cases: the values of a parameter of the test.
        n_quick: the number of cases that `make test` runs.
    """
    remaining = iter(cases)
    quick = list(islice(remaining, n_quick))
    return [*quick, *(pytest.param(case, marks=pytest.mark.variant) for case in remaining)]
