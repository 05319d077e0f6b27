"""Read and validate params.yaml. digits/settings/params.py is its schema."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from digits.messages.errors import UserError, check_choice, unknown_choice_error
from digits.settings.params import (
    SCHEMAS,
    DatasetParams,
    Entry,
    ModelParams,
    Params,
    TaskParams,
)

FILE = Path("params.yaml")

# DVC needs these keys of a model, even if they are empty.
MAY_BE_EMPTY = {"feature_parameters", "hyperparameters"}

# What a value must be, by the type of pydantic's error. Its own messages of these types name a
# class of Python, or end in the length of the value, to which `describe_error` adds the value.
MESSAGES = {
    "model_type": "must be a mapping, which has keys",
    "too_long": "must have a length of at most {max_length}",
    "too_short": "must have a length of at least {min_length}",
}

# What pydantic appends to the keys of an error that is in the name of an entry.
IN_NAME = "[key]"

MAX_SHOWN = 80  # an error shows at most this many characters of a value

# The first characters of the lines that Git writes into a file with a conflict.
CONFLICT_MARKERS = ("<<<<<<< ", "||||||| ", ">>>>>>> ")


def load() -> Params:
    """Read and validate params.yaml.

    Raises:
        UserError: there is a mistake. The message describes the first one.
    """
    return validate(parse(read()))


def read() -> str:
    """Return the text of params.yaml.

    Raises:
        UserError: the file is missing, or is not in UTF-8.
    """
    if not FILE.exists():
        raise UserError(f"{FILE} was not found; run from the folder that holds it")
    content = FILE.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{FILE}: line {line} has a character that is not in UTF-8; save the file in this "
            "encoding"
        ) from None


def parse(text: str) -> dict[str, Any]:
    """Return the content of a text of params.yaml, with the YAML parser that DVC uses.

    Raises:
        UserError: the text is not YAML.
    """
    try:
        content = YAML(typ="safe").load(text)
    except (YAMLError, ValueError) as error:
        raise UserError(f"{FILE} is not YAML: {_describe_yaml_error(error, text)}") from None
    if not isinstance(content, dict):
        raise UserError(f"{FILE} has no named sections")
    return content


def _describe_yaml_error(error: YAMLError | ValueError, text: str) -> str:
    """Return in words, with its line, why a text is not YAML."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(CONFLICT_MARKERS):
            return (
                f"line {number} is a conflict marker of Git; choose one of the two versions, "
                "and delete the markers"
            )
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error)


def validate(content: dict[str, Any]) -> Params:
    """Validate the content of params.yaml.

    Raises:
        UserError: there is a mistake. The message describes the first one.
    """
    try:
        settings = Params.model_validate(content)
    except ValidationError as invalid:
        errors = invalid.errors()
        # An unknown key may be a misspelling of a missing one, so it is reported first.
        unknown_keys = [error for error in errors if error["type"] == "extra_forbidden"]
        raise _readable_error((unknown_keys or errors)[0]) from None
    for section in SCHEMAS:
        _check_names(list(getattr(settings, section)))
    _check_entries(settings)
    return settings


def _check_names(names: list[str]) -> None:
    lower_case = [name.lower() for name in names]
    for name in names:
        other = names[lower_case.index(name.lower())]
        if other != name:
            raise UserError(
                f"{FILE}: {other!r} and {name!r} differ only in upper and lower case, so they "
                "would have the same files on macOS and Windows; rename one of them"
            )


def validate_dataset(name: str, entry: dict[str, Any]) -> DatasetParams:
    """Validate an entry of `datasets` without the other entries, which may be incomplete.

    Raises:
        UserError: there is a mistake. The message describes the first one.
    """
    content = {"seed": 0, "datasets": {name: entry}, "splits": {}, "tasks": {}, "models": {}}
    return validate(content).datasets[name]


def _readable_error(error: ErrorDetails) -> UserError:
    """Return a UserError that says in the words of params.yaml what pydantic found."""
    keys = [str(key) for key in error["loc"] if key != IN_NAME]
    where = f"{FILE}: {'.'.join(keys)}"
    if error["type"] == "extra_forbidden":
        return _unknown_key_error(keys)
    if error["type"] == "missing":
        hint = ""
        if keys[-1] in MAY_BE_EMPTY:
            hint = "; write {} for the defaults"
        return UserError(f"{where} is missing{hint}")
    return UserError(f"{where}: {describe_error(error)}")


def describe_error(error: ErrorDetails) -> str:
    """Return what a value must be, and what it is, such as `must be greater than 0, not 0`."""
    message = error["msg"].replace("Input should", "must")
    if error["type"] in MESSAGES:
        message = MESSAGES[error["type"]].format_map(error.get("ctx", {}))
    value = "null" if error["input"] is None else repr(error["input"])
    return f"{message}, not {value[:MAX_SHOWN]}"


def _unknown_key_error(keys: list[str]) -> UserError:
    """Return a UserError about a key that the schema does not have, with similar ones."""
    *parents, key = keys
    if not parents:
        return unknown_choice_error(str(FILE), key, Params.model_fields)
    schema = SCHEMAS[parents[0]]
    return unknown_choice_error(f"{FILE}: {'.'.join(parents)}", key, schema.model_fields)


def _check_entries(settings: Params) -> None:
    """Check that the entries fit together."""
    for name, split in settings.splits.items():
        check_choice(f"{FILE}: splits.{name}.dataset", split.dataset, settings.datasets)
    for name, task in settings.tasks.items():
        check_choice(f"{FILE}: tasks.{name}.split", task.split, settings.splits)
        _check_task_classes(f"{FILE}: tasks.{name}", task)
    for name, model in settings.models.items():
        check_choice(f"{FILE}: models.{name}.task", model.task, settings.tasks)
        _check_threshold(f"{FILE}: models.{name}", model)


def _check_task_classes(where: str, task: TaskParams) -> None:
    positive = task.positive or []
    negative = task.negative or []
    if negative and not positive:
        raise UserError(f"{where}: `negative` needs `positive`")
    in_both = [class_name for class_name in positive if class_name in negative]
    if in_both:
        raise UserError(f"{where}: {in_both[0]!r} is both in `positive` and in `negative`")


def _check_threshold(where: str, model: ModelParams) -> None:
    is_rule = isinstance(model.hyperparameters.threshold, Entry)
    if is_rule and model.folds == 0:
        raise UserError(
            f"{where}.hyperparameters.threshold is chosen in cross-validation; set `folds`"
        )
