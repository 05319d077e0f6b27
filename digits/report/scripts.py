"""What the page's scripts read: charts, mistakes with their pictures, and comparisons."""

import base64
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

from digits.commands.compare import HEADER, Comparison
from digits.report.content import Dataset
from digits.report.plots import spaced
from digits.results import drawing
from digits.support.errors import PipelineError

DEFINITIONS = Path(".dvc", "plots")  # of the charts of `dvc plots`, which are the report's too
COLUMNS = 40  # of a sheet of mistakes
MOST_PIXELS = 2_000_000  # on such a sheet, so that the page stays small


class Sheet(NamedTuple):
    """A picture of many images, side by side in `COLUMNS` columns."""

    rows: list[int]  # of the dataset, in the order of their places
    picture: str


def data(by_task: Mapping[str, Sequence[dict[str, Any]]], sheets: Mapping[str, Sheet]) -> str:
    """Return JSON: the charts' `definitions`, `sheets` by dataset, `experiments`, `comparisons` of each with others."""
    experiments = [e for of_task in by_task.values() for e in of_task]
    kinds = {kind: None for e in experiments for kind in e["plots"]["tables"]}
    content = {
        "definitions": {kind: json.loads((DEFINITIONS / f"{kind}.json").read_text(encoding="utf-8")) for kind in kinds},
        "columns": COLUMNS,
        "sheets": {name: sheet.rows for name, sheet in sheets.items()},
        "experiments": {
            e["name"]: {"dataset": e["dataset"].name, "tables": e["plots"]["tables"], "mistakes": e["mistakes"]}
            for e in experiments
        },
        "heading": HEADER,
        "comparisons": compare(by_task.values()),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def compare(tasks: Iterable[Sequence[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return the cells and the conclusion of `digits compare --between` for each two experiments of one task."""
    comparisons: dict[str, dict[str, Any]] = {}
    for of_task in tasks:
        for before, after in permutations(of_task, 2):
            with suppress(PipelineError):  # they were tested on other images: one of them is out of date
                found = Comparison(f"{before['name']} → {after['name']}", before["predictions"], after["predictions"])
                of_first = comparisons.setdefault(before["name"], {})
                cells, count = found.cells(), spaced(found.count)
                cells[1] = count
                conclusion = found.conclusion().replace(f"of {found.count} ", f"of {count} ")
                of_first[after["name"]] = {"cells": cells, "conclusion": conclusion}
    return comparisons


def sheet(dataset: Dataset, experiments: Sequence[dict[str, Any]]) -> Sheet:
    """Return the pictures of a dataset's mistakes; if they are too many, the most confident of each kind."""

    def ranked() -> Iterator[tuple[int, int]]:
        for e in experiments:
            seen: Counter[tuple[int, str]] = Counter()
            for row, _, predicted, _ in e["mistakes"]:
                kind = (int(dataset.classes[row]), predicted)
                seen[kind] += 1
                yield seen[kind], row

    rows = list(dict.fromkeys(row for _, row in sorted(ranked())))[: MOST_PIXELS // dataset.images[0].size]
    return Sheet(rows, drawing.in_page(dataset.images[rows], columns=COLUMNS) if rows else "")


def packed(text: str) -> str:
    """Return text as letters and digits that a script unpacks: no markup, whatever a class is called."""
    return base64.b64encode(zlib.compress(text.encode())).decode()
