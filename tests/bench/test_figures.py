"""Every measurement in the prose of README.md and docs/ can be made again.

A measurement is a number with a decimal point; one before `%`, `×`, `points`, `times`, `errors` or `of` a number; one,
or a word from "half a" to "twelve", before a unit of time or memory: outside of code and "95 % interval". It stands,
perhaps rounded, in `metrics/` or `plots/` of an experiment that its paragraph or row names; if that names none, in a
table that a script wrote into its page or one that its paragraph (a row: its section) links to; in the outputs of a
notebook that a row's section links to; else in `quoted.txt`.
"""

import csv
import json
import re
from collections.abc import Iterator
from functools import cache

from tests import tiny

import pytest

QUOTED = tiny.ROOT / "tests" / "bench" / "quoted.txt"
PAGES = ["README.md", *sorted(page.relative_to(tiny.ROOT).as_posix() for page in tiny.ROOT.glob("docs/**/*.md"))]
EXPERIMENTS = [path.stem for path in tiny.ROOT.glob("metrics/*.json")]
BLOCK = re.compile(r"<!-- bench/ writes this: .*?<!-- end of ", re.DOTALL)
NO_PROSE = re.compile(r"<!--.*?-->|^ *```.*?```$|`[^`]+`|\]\([^)]*\)|9[59] % interval", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"^ *```.*?```$", re.DOTALL | re.MULTILINE)
PARAGRAPH = re.compile(r"^\|.*$|^(?:(?!\||\s*$).+\n?)+", re.MULTILINE)  # or a row of a table
WORD = r"half\ an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
UNIT = r"(?:s|ms|seconds?|minutes?|hours?|bytes|[kMGT]i?B)\b"
MEASUREMENT = re.compile(
    rf"""(?<![\w.,]) (?: \d+\.\d+(?![\d.]*\.\d)
        | \d+(?=(?:\ (?:to|or)\ \d+)?\ (?:%|×(?!\ ?\d)|points\b|times\b|errors\b|of\ \d|{UNIT}))
        | (?i:{WORD})(?=(?:\ (?:to|or)\ \w+)?\ {UNIT}) )""",
    re.VERBOSE,
)


def text_of(page: str) -> str:
    return (tiny.ROOT / page).read_text(encoding="utf-8")


@cache
def of_scripts(page: str) -> frozenset[float]:
    """Return the numbers in the tables that scripts wrote into a page, or those that a notebook prints."""
    texts = BLOCK.findall(text_of(page))
    if page.endswith(".ipynb"):
        cells = json.loads(text_of(page))["cells"]
        texts = ["".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", [])]
    return frozenset(map(float, re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?!\.?\d)", " ".join(texts))))


@cache
def of_experiment(name: str) -> frozenset[float]:
    """Return an experiment's figures, but for those of a class, also as an error, and both in percent."""
    values = [*json.loads(text_of(f"metrics/{name}.json")).values()]
    figures, bins = (
        csv.reader(text_of(f"plots/{name}/{table}.csv").splitlines()) for table in ("figures", "reliability")
    )
    for row in (*bins, *(row for row in figures if re.match("all|fold", row[2]))):
        values += [float(cell) for cell in row if re.fullmatch(r"\d+\.\d+", cell)]
    return frozenset(each for value in values for each in (value, 100 * value, 1 - value, 100 - 100 * value))


def is_among(number: str, values: frozenset[float]) -> bool:
    """Tell whether it is one of the values, or at least two digits of one."""
    if not number[0].isdigit():
        return False
    half = 0.5 * 10 ** -len(number.partition(".")[2])
    margin = half if len(number.replace(".", "").lstrip("0")) > 1 else 0
    return any(abs(value - float(number)) <= margin + 1e-9 for value in values)


def unsourced(page: str) -> Iterator[str]:
    """Yield each measurement of a page that no script's table and no experiment has."""
    for section in re.split(r"^(?=#)", CODE.sub("", BLOCK.sub("", text_of(page))), flags=re.MULTILINE):
        for paragraph in PARAGRAPH.findall(section):
            around = section if paragraph.startswith("|") else paragraph
            links = [(tiny.ROOT / page).parent / link for link in re.findall(r"\]\(([^)#:]+\.(?:md|ipynb))\b", around)]
            linked = {path.resolve().relative_to(tiny.ROOT.resolve()).as_posix() for path in links if path.exists()}
            named = [name for name in EXPERIMENTS if re.search(rf"(?<![\w-]){name}(?![\w-])", paragraph)]
            scripts = {each for each in linked if each.endswith(".ipynb")} if named else {page} | linked
            values = frozenset[float]().union(*map(of_experiment, named), *map(of_scripts, scripts))
            for match in MEASUREMENT.finditer(" ".join(NO_PROSE.sub("", paragraph).split())):
                if not is_among(match[0].lower(), values):
                    yield match[0].lower()


@pytest.mark.parametrize("page", PAGES)
def test_every_measurement_in_a_page_has_a_source(page: str) -> None:
    """By experiments, scripts' tables, or a line of quoted.txt: page | numbers | where they are from."""
    lines = [line.split(" | ") for line in QUOTED.read_text(encoding="utf-8").splitlines()[1:]]
    quoted = {number for of_page, numbers, _ in lines if of_page == page for number in numbers.split(", ")}
    found = {*unsourced(page)}
    assert not found - quoted, f"nothing makes these in {page}; name the experiment in the sentence, or {QUOTED.name}"
    assert not quoted - found, f"{QUOTED.name}: {page} has these no more, or a table has them"
    for path in re.findall(r"\b[\w/]+\.(?:py|yaml|md)\b", " ".join(source for *_, source in lines)):
        assert (tiny.ROOT / path).exists(), path
