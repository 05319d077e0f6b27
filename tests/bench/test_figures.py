"""Every measurement in the prose of README.md and docs/ can be made again.

A measurement is a number with a decimal point; one before `%`, `×`, `points`, `times`, `errors` or `of` a number; one,
or a word from "half a" to "twelve", before a unit of time or memory: outside of code and "95 % interval". It stands,
perhaps rounded, in `metrics/` or `plots/` of an experiment that its paragraph or row names; if that names none, in a
table that a script wrote into its page or one that its paragraph (a row: its section) links to; else in `quoted.txt`.
"""

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests import tiny

import pytest

QUOTED = Path(__file__).with_name("quoted.txt")
PAGES = ["README.md", *sorted(page.relative_to(tiny.ROOT).as_posix() for page in tiny.ROOT.glob("docs/**/*.md"))]
EXPERIMENTS = [path.stem for path in tiny.ROOT.glob("metrics/*.json")]
BLOCK = re.compile(r"<!-- `make bench` writes this: .*?<!-- end of ", re.DOTALL)
NO_PROSE = re.compile(r"<!--.*?-->|^ *```.*?```$|`[^`]+`|\]\([^)]*\)|95 % interval", re.DOTALL | re.MULTILINE)
PARAGRAPH = re.compile(r"^\|.*$|^(?:(?!\||\s*$).+\n?)+", re.MULTILINE)  # or a row of a table
WORD = r"half\ an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
UNIT = r"(?:s|ms|seconds?|minutes?|hours?|bytes|[kMGT]i?B)\b"
MEASUREMENT = re.compile(
    rf"""(?<![\w.,]) (?:
        (?P<decimal>\d+\.\d+)(?![\d.]*\.\d)
        | (?P<whole>\d+)(?=(?:\ (?:to|or)\ \d+)?\ (?:%|×(?!\ ?\d)|points\b|times\b|errors\b|of\ \d|{UNIT}))
        | (?i:(?P<word>{WORD}))(?=(?:\ (?:to|or)\ \w+)?\ {UNIT})
    )""",
    re.VERBOSE,
)
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![.\d])")


class Paragraph(NamedTuple):
    """Its first line's number, its text as written, without what is no prose, and where its links may stand."""

    line: int
    written: str
    prose: str
    around: str


def measurements(prose: str) -> list[str]:
    """Return the measurements in a text, as they are written."""
    return [match[0].lower() for match in MEASUREMENT.finditer(" ".join(prose.split()))]


def paragraphs(page: str) -> Iterator[Paragraph]:
    """Yield a page's paragraphs and the rows of its tables, but for what scripts wrote."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")  # every line keeps its number

    written = (tiny.ROOT / page).read_text(encoding="utf-8")
    prose = NO_PROSE.sub(blank, BLOCK.sub(blank, written))
    lines = written.splitlines()
    starts = [0, *(i for i, line in enumerate(prose.splitlines()) if line.startswith("#")), len(lines)]
    for match in PARAGRAPH.finditer(prose):
        line = prose[: match.start()].count("\n")
        own = "\n".join(lines[line : line + len(match[0].splitlines())])
        begin, end = max(i for i in starts if i <= line), min(i for i in starts if i > line)
        around = "\n".join(lines[begin:end]) if own.startswith("|") else own
        yield Paragraph(line + 1, own, match[0], around)


@cache
def of_scripts(page: str) -> frozenset[float]:
    """Return the numbers in the tables that scripts wrote into a page."""
    text = (tiny.ROOT / page).read_text(encoding="utf-8")
    return frozenset(float(number) for block in BLOCK.findall(text) for number in NUMBER.findall(block))


@cache
def of_experiment(name: str) -> frozenset[float]:
    """Return an experiment's figures, but for those of a class, also as an error, and both in percent."""
    values = [*json.loads((tiny.ROOT / "metrics" / f"{name}.json").read_text()).values()]
    texts = ((tiny.ROOT / "plots" / name / f"{table}.csv").read_text() for table in ("figures", "reliability"))
    figures, bins = (csv.reader(text.splitlines()) for text in texts)
    for row in (*bins, *(row for row in figures if re.match("all|fold|first half|second half", row[2]))):
        values += [float(cell) for cell in row if re.fullmatch(r"\d+\.\d+", cell)]
    return frozenset(each for value in values for each in (value, 100 * value, 1 - value, 100 - 100 * value))


def is_among(number: str, values: frozenset[float]) -> bool:
    """Tell whether it is one of the values, or at least two digits of one."""
    if not number[0].isdigit():
        return False
    half = 0.5 * 10 ** -len(number.partition(".")[2])
    margin = half if len(number.replace(".", "").lstrip("0")) > 1 else 0
    return any(abs(value - float(number)) <= margin + 1e-9 for value in values)


def unsourced(page: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the number of each measurement that no script's table and no experiment has."""
    for paragraph in paragraphs(page):
        links = [(tiny.ROOT / page).parent / link for link in re.findall(r"\]\(([^)#:]+\.md)\b", paragraph.around)]
        linked = {path.resolve().relative_to(tiny.ROOT.resolve()).as_posix() for path in links if path.exists()}
        named = [name for name in EXPERIMENTS if re.search(rf"(?<![\w-]){name}(?![\w-])", paragraph.written)]
        values = frozenset().union(*(map(of_experiment, named) if named else map(of_scripts, {page} | linked)))
        for number in measurements(paragraph.prose):
            if not is_among(number, values):
                yield paragraph.line, number


def quoted() -> dict[str, dict[str, str]]:
    """Return for each page the numbers that `quoted.txt` has, and where each is from."""
    pages: dict[str, dict[str, str]] = {}
    for line in QUOTED.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            page, numbers, source = (cell.strip() for cell in line.split("|"))
            pages.setdefault(page, {}).update(dict.fromkeys(numbers.split(", "), source))
    return pages


@pytest.mark.parametrize("page", PAGES)
def test_every_measurement_in_a_page_has_a_source(page: str) -> None:
    own = quoted().get(page, {})
    found = list(unsourced(page))
    for line, number in found:
        assert number in own, (
            f"{page}:{line}: nothing makes {number}. Let a script of bench/ write it in a table of the page, name the "
            f"experiment in the sentence, take it out, or say in {QUOTED.name}: {page} | {number} | where it is from"
        )
    stale = own.keys() - {number for _, number in found}
    assert not stale, f"{QUOTED.name}: {page} has no {', '.join(sorted(stale))} any more, or a table has it: delete it"


def test_the_scripts_that_quoted_numbers_are_from_exist() -> None:
    sources = "\n".join(source for numbers in quoted().values() for source in numbers.values())
    for path in re.findall(r"\b[\w/]+\.(?:py|yaml|md)\b", sources):
        assert (tiny.ROOT / path).exists(), path


def test_measurements_are_told_from_parameters() -> None:
    text = "Of 28 × 28 pixels, 9 of 10 are right, in 12 or 13 s, half an hour, ten minutes, at 1.7 GB: 2.5 times 1.9.1"
    assert measurements(text) == ["9", "12", "13", "half an", "ten", "1.7", "2.5"]
    assert measurements("five folds of 10 000 rows by scikit-learn 1.9.1 at 10.0.0.5, 3 errors, 4 %, 5 × as long") == [
        *"345"
    ]
