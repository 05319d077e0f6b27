"""Each defect in mutants.txt is caught by the tests that the file names beside it.

A test puts one defect into a copy of the repository, and expects these tests to fail.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from tests import tiny

import pytest

FILE = Path(__file__).with_name("mutants.txt")

LONG = pytest.mark.timeout(1800)


class Mutant(NamedTuple):
    """A line of mutants.txt."""

    path: str
    text: str
    defect: str  # what stands in the place of the text
    tests: str  # arguments of pytest, from the folder tests/core on


def read_mutants() -> list[Mutant]:
    _, *lines = FILE.read_text(encoding="utf-8").splitlines()
    return [Mutant(*line.split(" ¦ ")) for line in lines]


MUTANTS = read_mutants()
NAMES = [f"{mutant.path}: {mutant.text}" for mutant in MUTANTS]


def test_each_defect_has_one_place_and_a_test() -> None:
    for mutant in MUTANTS:
        text = (tiny.ROOT / mutant.path).read_text(encoding="utf-8")
        assert text.count(mutant.text) == 1, mutant
        file, *_ = mutant.tests.split()
        assert (FILE.parent / file).exists(), mutant


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository."""
    project = tmp_path_factory.mktemp("mutants")
    tiny.copy_repository(project)
    return project


def run_tests(copy: Path, tests: str, status: int) -> None:
    """Run some tests of a copy with its own package, and expect an exit status of pytest."""
    command = f"{sys.executable} -B -m pytest -n 0 -x -q --no-header tests/core/{tests}"
    tiny.run(command, copy, status=status, PYTHONPATH=str(copy), PYTEST_ADDOPTS="")


@LONG
@pytest.mark.slow
@pytest.mark.parametrize("tests", sorted({mutant.tests for mutant in MUTANTS}))
def test_without_a_defect_the_tests_pass(copy: Path, tests: str) -> None:
    run_tests(copy, tests, status=0)


@LONG
@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_a_defect_is_caught(copy: Path, mutant: Mutant) -> None:
    path = copy / mutant.path
    original = path.read_text(encoding="utf-8")
    assert original.count(mutant.text) == 1
    path.write_text(original.replace(mutant.text, mutant.defect), encoding="utf-8")
    try:
        run_tests(copy, mutant.tests, status=1)  # of a run in which tests fail
    finally:
        path.write_text(original, encoding="utf-8")
