"""Try every fault of the tests, the slow ones too, and write the table of docs/reliability.md from what was seen.

A fault is a test marked `fault`. The table holds what was tried and survived; what could not be tried here is named.
A test's name is read as a sentence, its docstring as the next one, and its parameters as its cases. When a fault is not
survived the page stays as it is, and the exit status is 1. Takes some minutes.
"""

import inspect
import io
import re
from contextlib import redirect_stdout
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from digits.common import cli, files
from digits.common.errors import PipelineError

PAGE = Path("docs", "reliability.md")
MARK = "<!-- `make faults` writes the page from here on. -->\n"
# What the name of a function cannot spell.
SPELLED = {"ctrl c": "Ctrl-C", "dvc lock": "`dvc.lock`", "dvc": "DVC", "git": "Git", "read only": "read-only"}
SPELLED["openml"] = "OpenML"
CODE = re.compile(r"\S+\.py\b.*|<.*|^\w+: \S+$|\S*[@=/{]\S*|\w+\.\w+")


class Fault(NamedTuple):
    """A test: its file, its name as a sentence, its case in one part or two, how it went, and why it was skipped."""

    file: str
    sentence: str
    case: list[str]
    outcome: str
    reason: str


class Results:
    """A plugin of pytest that keeps the tests it collects, in their order, and how each went."""

    def __init__(self) -> None:
        self.tests: dict[str, Any] = {}
        self.outcomes: dict[str, tuple[str, str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the tests."""
        self.tests |= {test.nodeid: test for test in session.items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome: what failed or was skipped in one phase is not passed in the next."""
        if self.outcomes.get(report.nodeid, ("passed", ""))[0] == "passed":
            reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
            self.outcomes[report.nodeid] = report.outcome, reason.removeprefix("Skipped: ")


def try_all() -> list[Fault]:
    """Run the faults, showing pytest's own progress, and return them in the tests' order.

    Raises:
        PipelineError: pytest could not run.
    """
    results = Results()
    with redirect_stdout(io.StringIO()):
        status = pytest.main(["-m", "fault", "--collect-only", "-n", "0"], [results])
    pytest.main(["-m", "fault"], [results])
    if status or results.outcomes.keys() != results.tests.keys():
        raise PipelineError("not every fault could be tried; see pytest's output above")
    return [describe(test, *results.outcomes[name]) for name, test in results.tests.items()]


def describe(test: Any, outcome: str, reason: str) -> Fault:
    """Return a test in words: its name as a sentence, then its docstring."""
    words = re.sub(r" s\b", "'s", test.originalname.removeprefix("test_").replace("_", " "))
    words = re.sub(rf"\b({'|'.join(SPELLED)})\b", lambda found: SPELLED[found[0]], words)
    sentence = f"{words[0].upper()}{words[1:]}. {inspect.getdoc(test.function) or ''}".strip()
    case = parts(test.callspec) if hasattr(test, "callspec") else []
    return Fault(str(test.path.relative_to(Path.cwd())), sentence, case, outcome, reason)


def parts(case: Any) -> list[str]:
    """Return the parts of pytest's `callspec`: its id on both sides of a colon, or its two parameters."""
    if len(case.params) == 2 and case.id == "-".join(map(str, case.params.values())):
        return [value if isinstance(value, str) else f"{value} {name}" for name, value in case.params.items()]
    if re.fullmatch(r"[a-z-]+", case.id) and case.id not in case.params.values():  # words, not a name of the project
        return [case.id.replace("-", " ")]
    return case.id.split(": ", 1)


def summary(faults: list[Fault]) -> str:
    """List cases, code marked as such; those of two parts by the first, and when all have the same second, it once."""

    def readable(text: str) -> str:
        return CODE.sub(r"`\g<0>`", text.partition("\\n")[0]).replace("|", "\\|")

    if any(len(fault.case) != 2 for fault in faults):
        return ", ".join(readable(": ".join(fault.case)) for fault in faults)
    lists: dict[str, list[str]] = {}
    for first, second in (fault.case for fault in faults):
        lists.setdefault(readable(first), []).append(readable(second))
    seconds = [", ".join(each) for each in lists.values()]
    if len(seconds) > 1 and len(set(seconds)) == 1:
        return f"{', '.join(lists)}; each: {seconds[0]}"
    return "; ".join(f"{first}: {each}" for first, each in zip(lists, seconds, strict=True))


def table(faults: list[Fault]) -> list[str]:
    """Return the lines: what each file is about, in its docstring's words, then its tests, and the sum."""
    lines = ["| fault | cases | survived / tried |", "| --- | --- | ---: |"]
    for file, of_file in groupby(faults, key=lambda fault: fault.file):
        subject = Path(file).read_text(encoding="utf-8").removeprefix('"""').splitlines()[0].removesuffix('"""')
        lines.append(f"| **{subject}** | | |")
        for text, tests in groupby(of_file, key=lambda fault: fault.sentence):
            cases = list(tests)
            lines.append(f"| {text} | {summary(cases)} | {len(cases)} / {len(cases)} |")
    return [*lines, f"| **All** | | **{len(faults)} / {len(faults)}** |"]


def main() -> None:
    """Try, write, and print how it went."""
    cli.parser(__doc__, "").parse_args()
    faults = try_all()
    tried = [fault for fault in faults if fault.outcome != "skipped"]
    if failed := [f"{fault.sentence} {summary([fault])}".strip() for fault in tried if fault.outcome == "failed"]:
        survived = f"{len(tried) - len(failed)} / {len(tried)}"
        raise PipelineError(f"survived {survived}; {PAGE} is left as it is; not survived: {'; '.join(failed)}")
    lines = table(tried)
    if skipped := {f"- {fault.sentence} {fault.reason}": None for fault in faults if fault.outcome == "skipped"}:
        lines += ["", "Not tried here, so not claimed:", "", *skipped]
    prose = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    files.write_text(PAGE, prose + MARK + "\n" + "\n".join(lines) + "\n")
    print(f"survived {len(tried)}, not tried {len(faults) - len(tried)}; {PAGE} is up to date")


if __name__ == "__main__":
    cli.run(main)
