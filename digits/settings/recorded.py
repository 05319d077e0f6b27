"""What `digits pin` has recorded of the images of each dataset, such as their checksums.

People write params.yaml. The command writes data/datasets.yaml, and Git tracks both.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from digits.core.files import atomic_write
from digits.messages.errors import UserError

FILE = Path("data/datasets.yaml")

# The keys of a dataset that `digits pin` records.
KEYS = ["images", "classes", "groups", "names", "background", "sha256"]

HEADER = """\
# `digits pin NAME` writes this file: what the images of each dataset are. The stage `fetch`
# accepts no other images.
"""

# `digits pin` reads the file, too, so it cannot repair it.
REMEDY = f"`git restore {FILE.as_posix()}` brings back what was committed"

Recorded = dict[str, dict[str, Any]]  # the values by the name of the dataset


def parse(text: str) -> Recorded:
    """Return the recorded values in a text of the file.

    Raises:
        UserError: it is not YAML, or has another form.
    """
    try:
        recorded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise UserError(f"{FILE} is not YAML: {problem}; {REMEDY}") from None
    is_valid = isinstance(recorded, dict | None) and all(
        isinstance(values, dict) for values in (recorded or {}).values()
    )
    if not is_valid:
        raise UserError(f"{FILE} has another form than `digits pin` writes; {REMEDY}")
    return recorded or {}


def read() -> str:
    """Return the text of the file; nothing if there is none."""
    return FILE.read_text(encoding="utf-8") if FILE.exists() else ""


def add_to(content: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the content of params.yaml with the recorded values in its datasets.

    A value that params.yaml has itself takes precedence.

    Args:
        content: the content of params.yaml, which may not be valid.
        text: the text of the file with the recorded values.
    """
    recorded = parse(text)
    datasets = content.get("datasets")
    if not isinstance(datasets, dict):
        return content
    completed = {
        name: recorded.get(name, {}) | entry if isinstance(entry, dict) else entry
        for name, entry in datasets.items()
    }
    return content | {"datasets": completed}


def write(name: str, values: dict[str, Any]) -> None:
    """Record the values of a dataset. Those of other datasets stay as they are."""
    recorded = parse(read()) | {name: values}
    with atomic_write(FILE) as temporary:
        text = HEADER + yaml.safe_dump(recorded, sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")


def remove_from_params(text: str, name: str) -> str:
    """Return a text of params.yaml without the recorded keys of a dataset.

    Projects of version 2.0.0 have them there. All other lines stay as they are.
    """
    return "".join(iterate_kept_lines(text.splitlines(keepends=True), name))


def iterate_kept_lines(lines: list[str], name: str) -> Iterator[str]:
    """Yield the lines of params.yaml that are not of a recorded key of a dataset."""
    section = entry = key = ""
    for line in lines:
        indent = len(line) - len(line.lstrip())
        word, _, _ = line.strip().partition(":")
        is_key = line.strip() and not line.strip().startswith(("#", "-"))
        if is_key and indent == 0:
            section, entry, key = word, "", ""
        elif is_key and indent == 2:
            entry, key = word.strip("'\""), ""
        elif is_key and indent == 4:
            key = word
        is_blank_or_comment = not line.strip() or line.strip().startswith("#")
        is_recorded = section == "datasets" and entry == name and key in KEYS
        if not is_recorded or is_blank_or_comment:
            yield line
