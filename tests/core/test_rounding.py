"""The environment in which NumPy rounds in the same way on every machine."""

import os

import pytest

from digits.core.rounding import fix_rounding


def test_a_number_of_threads_in_the_environment_does_not_change_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")  # as clusters do
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")  # for an old processor
    fix_rounding()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["OPENBLAS_CORETYPE"] == "Nehalem"
