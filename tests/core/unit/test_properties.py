"""Any value in any place of params.yaml; Hypothesis looks for those that break something."""

import copy
import tempfile
from pathlib import Path
from typing import Any

from digits.commands.check import check
from digits.support.errors import ParameterError
from digits.support.parameters import Parameters
from tests import tiny

from hypothesis import configuration, given, settings
from hypothesis import strategies as st

configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir(), "hypothesis"))  # no folder of its own in this one
examples = settings(derandomize=True, database=None, deadline=None, max_examples=200)


def places(values: Any, *path: str | int) -> list[tuple[str | int, ...]]:
    """Return the path of every value in a tree of dictionaries and lists, but for the tree itself."""
    inside = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else []
    return [found for key, value in inside for found in [(*path, key), *places(value, *path, key)]]


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.integers(-2, 300),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.sampled_from(["tiny", "five", "digit", "raw", "svc", "idx", "1e-3", "..", "\x1b[31m"]),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4), max_leaves=8
)


@examples
@given(st.sampled_from(places(tiny.params())), VALUES)
def test_any_value_in_any_place_is_valid_or_an_error_of_one_line(place: tuple[str | int, ...], value: object) -> None:
    values = copy.deepcopy(tiny.params())
    block: Any = values
    for key in place[:-1]:
        block = block[key]
    block[place[-1]] = value
    error = ""
    try:
        check(Parameters(values))
    except ParameterError as refused:
        error = str(refused)
    assert len(error) < 1500
    assert "\n" not in error
