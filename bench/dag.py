"""The stages of dvc.yaml with their templates filled in: their commands and outputs, in the order in which they run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml


class Stage(NamedTuple):
    """One stage of one block of params.yaml."""

    kind: str  # such as `train`
    name: str  # of the block
    command: str
    outputs: list[str]


def stages(project: Path = Path()) -> Iterator[Stage]:
    """Yield the stages of a project, each after those that it depends on."""
    values = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    for kind, template in yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        for name, block in values[template["foreach"].strip("${}")].items():
            filled = {"key": name, **{f"item.{key}": value for key, value in block.items()}}
            text = re.sub(r"\$\{([\w.]+)\}", lambda found: str(filled[found[1]]), json.dumps(template["do"]))  # noqa: B023
            stage = json.loads(text)
            outputs = [out for key in ("outs", "metrics", "plots") for out in stage.get(key, [])]
            paths = [path for out in outputs for path in ([out] if isinstance(out, str) else out)]
            yield Stage(kind, name, stage["cmd"], paths)
