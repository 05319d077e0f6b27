"""Try every fault of the tests, the slow ones too, and write the table of docs/reliability.md from what was seen.

A fault is a test marked `fault`. The table holds what was tried and survived; what could not be tried here is named.
A test's name is read as a sentence, its docstring as the next one, and its parameters as its cases. When a fault is not
survived the page stays as it is, and the exit status is 1. Takes some minutes. Run from the repository:
python -m bench.faults
"""

import inspect
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from digits.common import cli, files
from digits.common.cli import PipelineError

PAGE = Path("docs", "reliability.md")
MARK = "<!-- `make faults` writes the page from here on. -->\n"
MARKED = ["-m", "fault"]
SPELLED = {  # what the name of a function cannot spell
    "ctrl c": "Ctrl-C",
    "dvc lock": "`dvc.lock`",
    "dvc": "DVC",
    "git": "Git",
    "openml": "OpenML",
    "read only": "read-only",
}
CODE = re.compile(r"\S+\.py\b.*|<.*|^\w+: \S+$|\S*[@=/{]\S*|\w+\.\w+")


class Fault(NamedTuple):
    """A test: its file, its name as a sentence, its case in one part or two, and why it was not tried."""

    file: str
    sentence: str
    case: list[str]
    survived: bool
    skipped: str


class Collected:
    """A plugin of pytest that keeps the tests it has found, by their names, in their order."""

    def __init__(self) -> None:
        self.tests: dict[str, Any] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep them."""
        self.tests = {test.nodeid: test for test in session.items}


def try_all() -> list[Fault]:
    """Run the faults, showing pytest's own progress, and return them in the tests' order.

    Raises:
        PipelineError: pytest could not run.
    """
    collected = Collected()
    with redirect_stdout(io.StringIO()):
        pytest.main([*MARKED, "--collect-only", "-n", "0"], [collected])
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", *MARKED, f"--junitxml={report}", "-o", "junit_family=xunit1"]
        subprocess.run(command, check=False)
        if not report.exists():
            raise PipelineError("the faults could not be tried; what pytest says of it is above")
        tests = {f"{test.get('file')}::{test.get('name')}": test for test in ElementTree.parse(report).iter("testcase")}
    if tests.keys() != collected.tests.keys():
        raise PipelineError("not every fault could be tried; what pytest says of it is above")
    return [read(test, tests[name]) for name, test in collected.tests.items()]


def read(test: Any, report: ElementTree.Element) -> Fault:
    """Return what pytest knows of one test, and reports of it."""
    skipped = report.find("skipped")
    return Fault(
        file=report.get("file") or "",
        sentence=f"{sentence(test.originalname)} {inspect.getdoc(test.function) or ''}".strip(),
        case=parts(test.callspec) if hasattr(test, "callspec") else [],
        survived=all(report.find(kind) is None for kind in ("failure", "error", "skipped")),
        skipped="" if skipped is None else skipped.get("message") or "no reason given",
    )


def sentence(name: str) -> str:
    """Return the name of a test as a sentence."""
    words = re.sub(r" s\b", "'s", name.removeprefix("test_").replace("_", " "))
    words = re.sub(rf"\b({'|'.join(SPELLED)})\b", lambda found: SPELLED[found[0]], words)
    return f"{words[0].upper()}{words[1:]}."


def parts(case: Any) -> list[str]:
    """Return the parts of a case: what stands in its name on both sides of a colon, or its two parameters.

    Args:
        case: pytest's own: `id` is its name, `params` its parameters by their names.
    """
    if len(case.params) == 2 and case.id == "-".join(map(str, case.params.values())):
        return [value if isinstance(value, str) else f"{value} {name}" for name, value in case.params.items()]
    if re.fullmatch(r"[a-z-]+", case.id) and case.id not in case.params.values():  # words, not a name of the project
        return [case.id.replace("-", " ")]
    return case.id.split(": ", 1)


def readable(text: str) -> str:
    """Return a case, or a part of one, with what is code marked as such; of several lines the first."""
    return CODE.sub(r"`\g<0>`", text.partition("\\n")[0]).replace("|", "\\|")


def in_short(cases: list[list[str]]) -> str:
    """List cases; those of two parts by the first of them, and when all have the same others, these once."""
    if any(len(case) != 2 for case in cases):
        return ", ".join(readable(": ".join(case)) for case in cases)
    lists: dict[str, list[str]] = {}
    for first, second in cases:
        lists.setdefault(readable(first), []).append(readable(second))
    others = [", ".join(seconds) for seconds in lists.values()]
    if len(others) > 1 and len(set(others)) == 1:
        return f"{', '.join(lists)}; each: {others[0]}"
    return "; ".join(f"{first}: {seconds}" for first, seconds in zip(lists, others, strict=True))


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
    cli.parser(__doc__, "-m bench.faults").parse_args()
    faults = try_all()
    tried = [fault for fault in faults if not fault.skipped]
    if failed := [f"{fault.sentence} {in_short([fault.case])}".strip() for fault in tried if not fault.survived]:
        raise PipelineError(f"survived {count(tried)}; {PAGE} is left as it is; not survived: {'; '.join(failed)}")
    lines = [*table(tried)]
    skipped = {f"- {fault.sentence} {fault.skipped}": None for fault in faults if fault.skipped}
    if skipped:
        lines += ["", "Not tried here, so not claimed:", "", *skipped]
    prose = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    files.write_text(PAGE, prose + MARK + "\n" + "\n".join(lines) + "\n")
    print(f"survived {count(tried)}, not tried {len(faults) - len(tried)}; {PAGE} is up to date")


if __name__ == "__main__":
    cli.run(main)
