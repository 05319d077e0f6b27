"""Each defect of mutants.txt, put into a copy of the repository by itself, is caught by the tests named beside it."""

import sys
from pathlib import Path

from tests import tiny

import pytest

LINES = (Path(__file__).parent / "mutants.txt").read_text(encoding="utf-8").splitlines()[1:]
MUTANTS = [tuple(line.split(" ¦ ")) for line in LINES]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiny.copy_repository(copy := tmp_path_factory.mktemp("mutants"))
    return copy


def run_tests(copy: Path, tests: str, status: int) -> None:
    """Run some of the copy's tests of the core, with its own package; of status 1 is a run with tests that fail."""
    command = f"{sys.executable} -B -m pytest -n 0 -x -q --no-header tests/core/{tests}"
    tiny.run(command, copy, status=status, PYTHONPATH=str(copy), PYTEST_ADDOPTS="")


@pytest.mark.parametrize("tests", sorted({tests for *_, tests in MUTANTS}))
def test_without_a_defect_the_tests_pass(copy: Path, tests: str) -> None:
    run_tests(copy, tests, status=0)


@pytest.mark.parametrize(("name", "text", "defect", "tests"), MUTANTS)
def test_a_defect_is_caught(copy: Path, name: str, text: str, defect: str, tests: str) -> None:
    path = copy / name
    original = path.read_text(encoding="utf-8")
    assert original.count(text) == 1
    path.write_text(original.replace(text, defect), encoding="utf-8")
    try:
        run_tests(copy, tests, status=1)
    finally:
        path.write_text(original, encoding="utf-8")
