"""The environment in which NumPy rounds in the same way on every machine."""

import os
from importlib import import_module
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from digits.core.rounding import fix_rounding
from digits.running.cluster import numeric_environment
from tests.helpers import tiny
from tests.helpers.calls import call, import_anew


def test_a_number_of_threads_in_the_environment_does_not_change_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")  # as clusters do
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")  # for an old processor
    fix_rounding()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["OPENBLAS_CORETYPE"] == "Nehalem"


def test_each_command_and_stage_rounds_in_this_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    tiny.edit(tmp_path, {})
    call(tmp_path, "check")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    with import_anew("stages"):
        import_module("stages")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_a_worker_of_several_threads_would_calculate_differently() -> None:
    with threadpool_limits(1, "blas"):
        one = numeric_environment()
    with threadpool_limits(2, "blas"):
        two = numeric_environment()
    assert one.pop("matrix products") != two.pop("matrix products")
    assert one == two
