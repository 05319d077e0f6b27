"""Cases of a test that only CI runs."""

from collections.abc import Iterable
from typing import Any

import pytest


def mark_variants(cases: Iterable[Any], keep: int = 1) -> list[Any]:
    """Return the values of a parameter, all but the first `keep` of which are variants."""
    values = list(cases)
    others = [pytest.param(case, marks=pytest.mark.variant) for case in values[keep:]]
    return [*values[:keep], *others]
