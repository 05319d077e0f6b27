"""The stages of dvc.yaml with their templates filled in, so that every peer runs the same DAG. Needs only PyYAML."""

import json
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import yaml


class Stage(NamedTuple):
    """One stage, with what it depends on: files of source code, other stages' outputs, and parameters."""

    kind: str  # such as `train`
    name: str  # of its block of params.yaml
    command: str
    code: list[str]
    inputs: list[str]
    outputs: list[str]
    parameters: str  # as JSON


def stages(project: Path = Path()) -> Iterator[Stage]:
    """Yield the stages of a project, each after those that it depends on."""
    values = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    for kind, template in yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        for name, block in values[template["foreach"].strip("${}")].items():
            stage = _filled(template["do"], name, block)
            inputs = [path for path in stage["deps"] if path.startswith(("data/", "models/"))]
            code = [project / path for path in stage["deps"] if path not in inputs]
            files = [file for path in code for file in (path.glob("*.py") if path.is_dir() else [path])]
            outputs = [out for key in ("outs", "metrics", "plots") for out in stage.get(key, [])]
            yield Stage(
                kind=kind,
                name=name,
                command=stage["cmd"],
                code=sorted(str(file.relative_to(project)) for file in files),
                inputs=inputs,
                outputs=[path for out in outputs for path in ([out] if isinstance(out, str) else out)],
                parameters=json.dumps(
                    [reduce(dict.__getitem__, key.split("."), values) for key in stage.get("params", [])]
                ),
            )


def _filled(template: Any, name: str, block: dict[str, Any]) -> dict[str, Any]:
    """Put the block's name and values where the template has `${key}` and `${item.…}`."""
    pattern = re.compile(r"\$\{(?:key|item\.(\w+))\}")
    return dict(json.loads(pattern.sub(lambda found: block[found[1]] if found[1] else name, json.dumps(template))))
