"""Every measurement in the prose of README.md and docs/ can be made again.

A measurement is

- a number with a decimal point;
- a number before `%`, `×`, `points`, `times`, `errors`, or before `of` and another number;
- a number, or a word from "half a" to "twelve", before a unit of time or of memory.

Code, "95 % interval" and "p < 0.01" are left out. A paragraph, or a row of a table, gets its measurements
from one of these, in which they may have more digits:

- `metrics/` or `plots/` of the models that it names;
- if it names no model, the tables that a script wrote into the page, or into a page that it
  links to;
- the outputs of a notebook that it links to;
- `quoted.txt`.

For a row of a table, the links of its whole section count.
"""

import csv
import json
import re
from functools import cache
from pathlib import Path

from tests import tiny

import pytest

QUOTED = tiny.ROOT / "tests" / "bench" / "quoted.txt"
DOCS = sorted(tiny.ROOT.glob("docs/**/*.md"))
GENERATED = {"docs/reference/cli.md", "docs/reference/params.md"}  # from the code
ALL_PAGES = ["README.md", *(page.relative_to(tiny.ROOT).as_posix() for page in DOCS)]
PAGES = [page for page in ALL_PAGES if page not in GENERATED]
MODELS = [path.stem for path in tiny.ROOT.glob("metrics/*.json")]

MULTILINE = re.DOTALL | re.MULTILINE
WRITTEN_BY_SCRIPT = re.compile(r"<!-- bench/ writes this: .*?<!-- end of ", re.DOTALL)
CODE_BLOCK = re.compile(r"^ *```.*?```$", MULTILINE)
PARAGRAPH = re.compile(r"^\|.*$|^(?:(?!\||\s*$).+\n?)+", re.MULTILINE)  # or a row of a table
LINK = re.compile(r"\]\(([^)#:]+\.(?:md|ipynb))\b")

# What is left out of a paragraph: comments, code, the targets of links, and the levels of
# confidence intervals and of significance.
NOT_PROSE = re.compile(
    r"<!--.*?-->|^ *```.*?```$|`[^`]+`|\]\([^)]*\)|9[59] %\s+(?:confidence\s+)?interval"
    r"|p (?:<|>=|≥) 0\.01|below\s+0\.01",
    MULTILINE,
)

WORD = r"half\ an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
UNIT = r"(?:s|ms|seconds?|minutes?|hours?|bytes|[kMGT]i?B)\b"
MEASUREMENT = re.compile(
    rf"""(?<![\w.,]) (?: \d+\.\d+(?![\d.]*\.\d)
        | \d+(?=(?:\ (?:to|or)\ \d+)?\ (?:%|×(?!\ ?\d)|(?:percentage\ )?points\b|times\b
            |errors\b|of\ \d|{UNIT}))
        | (?i:{WORD})(?=(?:\ (?:to|or)\ \w+)?\ {UNIT}) )""",
    re.VERBOSE,
)
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\.?\d)")

Numbers = frozenset[float]


def read(path: str) -> str:
    """Return the text of a file of the repository."""
    return (tiny.ROOT / path).read_text(encoding="utf-8")


@cache
def numbers_of_scripts(page: str) -> Numbers:
    """Return the numbers that scripts wrote into a page, or that a notebook prints."""
    if page.endswith(".ipynb"):
        texts = []
        for cell in json.loads(read(page))["cells"]:
            for output in cell.get("outputs", []):
                texts += output.get("text", [])
    else:
        texts = WRITTEN_BY_SCRIPT.findall(read(page))
    return frozenset(float(number) for number in NUMBER.findall(" ".join(texts)))


@cache
def numbers_of_model(name: str) -> Numbers:
    """Return the metrics of a model, but for those of single classes.

    Each number is also given as an error, and both also in percent.
    """
    values = list(json.loads(read(f"metrics/{name}.json")).values())
    metrics = csv.DictReader(read(f"plots/{name}/metrics.csv").splitlines())
    rows = [row for row in metrics if re.match("all|fold", row["subset"])]
    rows += csv.DictReader(read(f"plots/{name}/reliability.csv").splitlines())
    for row in rows:
        for cell in row.values():
            if re.fullmatch(r"\d+\.\d+", cell):
                values.append(float(cell))

    numbers = set()
    for value in values:
        numbers |= {value, 100 * value, 1 - value, 100 - 100 * value}
    return frozenset(numbers)


def is_among(number: str, values: Numbers) -> bool:
    """Return whether a number is one of some values, rounded to at least two digits."""
    if not number[0].isdigit():
        return False
    decimals = number.partition(".")[2]
    digits = number.replace(".", "").lstrip("0")
    rounding_error = 0.5 * 10 ** -len(decimals) if len(digits) > 1 else 0
    return any(abs(value - float(number)) <= rounding_error + 1e-9 for value in values)


def linked_pages(page: str, text: str) -> set[str]:
    """Return the pages and notebooks that a text in a page links to."""
    folder = (tiny.ROOT / page).parent
    pages = set()
    for target in LINK.findall(text):
        path = Path(folder / target).resolve()
        if path.exists():
            pages.add(path.relative_to(tiny.ROOT.resolve()).as_posix())
    return pages


def named_models(text: str) -> list[str]:
    """Return the models that a text names."""
    return [name for name in MODELS if re.search(rf"(?<![\w-]){name}(?![\w-])", text)]


def known_numbers(page: str, paragraph: str, section: str) -> Numbers:
    """Return the numbers that a paragraph in a section of a page may have."""
    is_table_row = paragraph.startswith("|")
    linked = linked_pages(page, section if is_table_row else paragraph)
    models = named_models(paragraph)
    if models:
        written_by_scripts = {path for path in linked if path.endswith(".ipynb")}
    else:
        written_by_scripts = {page, *linked}
    numbers: Numbers = frozenset()
    for name in models:
        numbers |= numbers_of_model(name)
    for path in written_by_scripts:
        numbers |= numbers_of_scripts(path)
    return numbers


def measurements_without_source(page: str) -> set[str]:
    """Return the measurements of a page that no script and no model has made."""
    text = WRITTEN_BY_SCRIPT.sub("", read(page))
    text = CODE_BLOCK.sub("", text)
    found = set()
    for section in re.split(r"^(?=#)", text, flags=re.MULTILINE):
        for paragraph in PARAGRAPH.findall(section):
            numbers = known_numbers(page, paragraph, section)
            prose = " ".join(NOT_PROSE.sub("", paragraph).split())
            for match in MEASUREMENT.finditer(prose):
                number = match[0].lower()
                if not is_among(number, numbers):
                    found.add(number)
    return found


def read_quoted() -> list[tuple[str, set[str], str]]:
    """Return the page, the numbers and the source of each line of quoted.txt."""
    quoted = []
    for line in QUOTED.read_text(encoding="utf-8").splitlines()[1:]:
        page, numbers, source = line.split(" | ")
        quoted.append((page, set(numbers.split(", ")), source))
    return quoted


@pytest.mark.parametrize("page", PAGES)
def test_every_measurement_in_a_page_has_a_source(page: str) -> None:
    quoted: set[str] = set()
    for quoting_page, numbers, _ in read_quoted():
        if quoting_page == page:
            quoted |= numbers
    found = measurements_without_source(page)
    unknown = found - quoted
    assert not unknown, f"name the model in the sentence, or list them in {QUOTED.name}"
    superfluous = quoted - found
    assert not superfluous, f"{QUOTED.name} lists them, but {page} does not have them"


def test_the_sources_of_quoted_numbers_exist() -> None:
    for _, _, source in read_quoted():
        for path in re.findall(r"\b[\w/]+\.(?:py|yaml|md)\b", source):
            assert (tiny.ROOT / path).exists(), path
