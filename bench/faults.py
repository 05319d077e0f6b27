"""Try every fault of the tests, the slow ones too, and write the table of docs/reliability.md from what was seen.

A fault is a test marked `fault`. The table holds what was tried and survived; what could not be tried here is named.
When one is not survived the page stays as it is, and the exit status is 1. Takes some minutes. Run from the
repository: python bench/faults.py
"""

import stages_path  # noqa: F401
from common import cli, files
from common.cli import PipelineError

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

PAGE = Path("docs", "reliability.md")
MARK = "<!-- `make faults` writes the page from here on. -->\n"
PYTEST = [sys.executable, "-m", "pytest", "-m", "fault"]


class Fault(NamedTuple):
    """A test: its file, its name as a sentence, its case where it has several, and why it was not tried."""

    file: str
    sentence: str
    case: str
    survived: bool
    skipped: str


def try_all() -> list[Fault]:
    """Run the faults, showing pytest's own progress, and return them in the tests' order.

    Raises:
        PipelineError: pytest could not run.
    """
    collected = subprocess.run([*PYTEST, "--collect-only", "-n", "0"], capture_output=True, text=True, check=False)
    order = {name: i for i, name in enumerate(collected.stdout.splitlines())}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        subprocess.run([*PYTEST, f"--junitxml={report}", "-o", "junit_family=xunit1"], check=False)
        if not report.exists():
            raise PipelineError("the faults could not be tried; what pytest says of it is above")
        tests = list(ElementTree.parse(report).getroot().iter("testcase"))
    tests.sort(key=lambda test: order.get(f"{test.get('file')}::{test.get('name')}", -1))
    return [read(test) for test in tests]


def read(test: ElementTree.Element) -> Fault:
    """Return what pytest reports of one test."""
    name, _, case = (test.get("name") or "").partition("[")
    skipped = test.find("skipped")
    return Fault(
        file=test.get("file") or "",
        sentence=name.removeprefix("test_").replace("_", " "),
        case=case.removesuffix("]").replace("|", "\\|").replace("<", "&lt;"),
        survived=all(test.find(kind) is None for kind in ("failure", "error", "skipped")),
        skipped="" if skipped is None else skipped.get("message") or "no reason given",
    )


def in_short(cases: list[str]) -> str:
    """List cases; when they are every pair `stage: moment`, the stages and then the moments."""
    pairs = [case.partition(": ")[::2] for case in cases]
    stages, moments = (list(dict.fromkeys(column)) for column in zip(*pairs, strict=True))
    if "" not in moments and len(cases) == len(stages) * len(moments) > len(stages):
        return f"{', '.join(stages)}; each {', '.join(moments)}"
    return ", ".join(cases)


def table(faults: list[Fault]) -> Iterator[str]:
    """Yield the lines: what each file is about, in its docstring's words, then its tests, and the sum."""
    yield "| fault | cases | survived / tried |"
    yield "| --- | --- | ---: |"
    for file, of_file in groupby(faults, key=lambda fault: fault.file):
        subject = Path(file).read_text(encoding="utf-8").removeprefix('"""').splitlines()[0].removesuffix('"""')
        yield f"| **{subject}** | | |"
        for sentence, tests in groupby(of_file, key=lambda fault: fault.sentence):
            cases = list(tests)
            yield f"| {sentence} | {in_short([test.case for test in cases])} | {count(cases)} |"
    yield f"| **All** | | **{count(faults)}** |"


def count(faults: list[Fault]) -> str:
    """Return how many were survived, of how many."""
    return f"{sum(fault.survived for fault in faults)} / {len(faults)}"


def main() -> None:
    """Try, write, and say how it went."""
    cli.parser(__doc__, "bench/faults.py").parse_args()
    faults = try_all()
    tried = [fault for fault in faults if not fault.skipped]
    if failed := [f"{fault.sentence} ({fault.case or 'its one case'})" for fault in tried if not fault.survived]:
        raise PipelineError(f"survived {count(tried)}; {PAGE} is left as it is; not survived: {'; '.join(failed)}")
    lines = [*table(tried)]
    skipped = {f"- {fault.sentence}: {fault.skipped}": None for fault in faults if fault.skipped}
    if skipped:
        lines += ["", "Not tried here, so not claimed:", "", *skipped]
    prose = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    files.write_text(PAGE, prose + MARK + "\n" + "\n".join(lines) + "\n")
    print(f"survived {count(tried)}, not tried {len(faults) - len(tried)}; {PAGE} is up to date")


if __name__ == "__main__":
    cli.run(main)
