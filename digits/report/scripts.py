"""What the page's scripts read: charts, mistakes with their pictures, and comparisons."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from digits.core.errors import PipelineError
from digits.report.pictures import COLUMNS, Sheet
from digits.report.plots import spaced
from digits.results import differences

DEFINITIONS = Path(".dvc", "plots")  # of the charts of `dvc plots`, which are the report's too


def data(by_task: Mapping[str, Sequence[dict[str, Any]]], sheets: Mapping[str, Sheet]) -> str:
    """Return JSON: the charts' `definitions`, `sheets` by dataset, `experiments`, `comparisons` of each with others."""
    experiments = [e for of_task in by_task.values() for e in of_task]
    comparisons: dict[str, dict[str, Any]] = {}
    for of_task in by_task.values():
        for one, other in permutations([e["name"] for e in of_task], 2):
            if found := compare(one, other):
                comparisons.setdefault(one, {})[other] = found
    kinds = {kind: None for e in experiments for kind in e["plots"]["tables"]}
    content = {
        "definitions": {kind: json.loads((DEFINITIONS / f"{kind}.json").read_text(encoding="utf-8")) for kind in kinds},
        "columns": COLUMNS,
        "sheets": {name: sheet.rows for name, sheet in sheets.items()},
        "experiments": {
            e["name"]: {"dataset": e["images"].name, "tables": e["plots"]["tables"], "mistakes": e["mistakes"]}
            for e in experiments
        },
        "heading": differences.HEADER[1:],
        "comparisons": comparisons,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def compare(one: str, other: str) -> dict[str, Any] | None:
    """Return what `digits compare --between` says of two experiments; None if one of them is out of date."""
    try:
        found = differences.between(one, other)
    except PipelineError:
        return None
    return {"cells": found.cells, "verdict": f"{spaced(found.rows)} images {found.part}: {found.verdict}"}


def packed(text: str) -> str:
    """Return text as letters and digits that a script unpacks: no markup, whatever a class is called."""
    return base64.b64encode(zlib.compress(text.encode())).decode()
