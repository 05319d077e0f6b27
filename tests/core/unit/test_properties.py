"""What must hold for any input at all; Hypothesis looks for the input."""

import copy
import tempfile
from pathlib import Path
from typing import Any

from digits.commands.check import check
from digits.support import parameters
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Parameters
from tests import tiny

import pytest
import yaml
from dvc.utils.serialize import YAMLError, parse_yaml
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


def assert_a_line(error: PipelineError, limit: int) -> None:
    assert 0 < len(str(error)) < limit
    assert "\n" not in str(error)


@examples
@given(st.sampled_from(places(tiny.params())), VALUES)
def test_any_value_in_any_place_is_valid_or_an_error_of_one_line(place: tuple[str | int, ...], value: object) -> None:
    values = copy.deepcopy(tiny.params())
    block: Any = values
    for key in place[:-1]:
        block = block[key]
    block[place[-1]] = value
    try:
        check(Parameters(values))
    except ParameterError as error:
        assert_a_line(error, 1500)


PIECES = ["&a ", "*a", "<<: *a", "!!str ", "!x ", "? ", ": ", "- ", "\n", "  ", "\t", "---", "...", ".nan", "0x1F"]
PIECES += ["1:30", "2026-13-45", "<<<<<<< a", "\0", "\ufeff", "\u2028", *"[]{},|>#'\"%@`~="]


@examples
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 1000), st.integers(0, 30), st.lists(st.sampled_from(PIECES), max_size=4)), max_size=3
    ),
    end=st.sampled_from([b"", b"", b"\xff", b"\xed\xa0\x80"]),
)
def test_any_text_is_valid_or_an_error_of_one_line(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, list[str]]], end: bytes
) -> None:
    text = yaml.safe_dump(tiny.params(), sort_keys=False)
    for start, length, pieces in edits:
        text = text[:start] + "".join(pieces) + text[start + length :]
    path = tmp_path_factory.getbasetemp() / "params.yaml"
    path.write_bytes(text.encode() + end)
    try:
        check(parameters.load(path))
    except ParameterError as error:
        assert_a_line(error, 1500)


SCALARS = (
    "yes no on off y n true True TRUE null ~ 1:30 1:30:15 0o14 014 0x1F 0b11 1_000 +12 -0 .5 .5e3 1e3 1e-3 1.e+3 5."
)
SCALARS += " 1.5e300 .inf -.Inf .nan .NaN 2026-01-01 2026-01-01T10:00:00Z 12e03 1e 0x 08 = << 'yes' \"1:30\" '1' a-b é"
YAML = st.recursive(
    st.sampled_from(SCALARS.split())
    | st.from_regex(r"[-+]?[0-9_]{1,3}(\.[0-9]{0,2})?([eE][-+]?[0-9])?", fullmatch=True),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda values: f"[{', '.join(values)}]"),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(
            lambda values: "{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}"
        ),
    ),
    max_leaves=6,
)


def typed(values: Any) -> str:
    """Spell values so that those of other types differ, and NaN is like NaN."""
    if isinstance(values, dict):
        return repr([(typed(key), typed(value)) for key, value in values.items()])
    return repr([typed(each) for each in values]) if isinstance(values, list) else f"{type(values)} {values!r}"


@examples
@given(st.lists(YAML, min_size=1, max_size=5))
def test_params_yaml_is_read_as_dvc_reads_it(tmp_path_factory: pytest.TempPathFactory, values: list[str]) -> None:
    text = "".join(f"k{i}: {value}\n" for i, value in enumerate(values))
    path = tmp_path_factory.getbasetemp() / "scalars.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        ours = parameters.load(path).values
    except ParameterError:
        with pytest.raises((YAMLError, ValueError)):
            parse_yaml(text, path)
    else:
        assert typed(ours) == typed(parse_yaml(text, path))
