"""What a stage depends on, as dvc.yaml says.

DVC itself is not asked, because importing it takes longer than most stages.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from digits.messages.errors import UserError, check_choice
from digits.settings import params_file

DVC_FILE = Path("dvc.yaml")

# A file of parameters, and a key in it, such as `models.digit-fast.folds`.
Key = tuple[str, str]


def read_dependencies(stage: str, name: str) -> tuple[list[str], list[Key]]:
    """Return the paths and the keys that a stage depends on for an entry of params.yaml.

    Both lists are empty if dvc.yaml has no such stage.

    Raises:
        UserError: there is no such entry.
    """
    stages = read_yaml(DVC_FILE)["stages"] if DVC_FILE.exists() else {}
    if stage not in stages:
        return [], []
    section = stages[stage]["foreach"].strip("${}")  # such as `${models}`
    entries = params_file.load().model_dump()[section]
    check_choice(f"{params_file.FILE}: {section}", name, entries)
    values = {"key": name, **{f"item.{key}": value for key, value in entries[name].items()}}

    def fill_in(text: str) -> str:
        for variable, value in values.items():
            text = text.replace(f"${{{variable}}}", str(value))
        return text

    declared = stages[stage]["do"]
    keys = []
    for item in declared["params"]:  # a key of params.yaml, or the keys of another file
        keys_by_file = item if isinstance(item, dict) else {str(params_file.FILE): [item]}
        for file, keys_of_file in keys_by_file.items():
            keys += [(fill_in(file), fill_in(key)) for key in keys_of_file]
    return [fill_in(path) for path in declared["deps"]], keys


def read_values(keys: Iterable[Key]) -> dict[Key, Any]:
    """Return the values of keys in files of parameters, or None for a missing key."""
    contents = {file: read_yaml(Path(file)) for file, _ in keys}
    values = {}
    for file, key in keys:
        value = contents[file]
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        values[file, key] = value
    return values


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file, read as DVC does.

    Raises:
        UserError: it is not YAML.
    """
    try:
        return YAML(typ="safe").load(path)
    except (YAMLError, ValueError) as error:
        raise UserError(f"{path} is not YAML: {error}") from None
