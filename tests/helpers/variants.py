"""Cases of a test that only CI runs."""

from collections.abc import Iterable
from typing import Any

import pytest


def mark_variants(cases: Iterable[Any]) -> list[Any]:
    """Return the values of a parameter, all but the first of which are marked as variants."""
    first, *others = cases
    return [first, *(pytest.param(case, marks=pytest.mark.variant) for case in others)]
