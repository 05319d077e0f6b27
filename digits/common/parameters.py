"""params.yaml: reading it, and checking a section of it against a stage's own model.

Each stage keeps the model of its section beside the code that uses it (`fetch.Dataset`, `split.Split`,
`binarize.Task`, `train.Experiment`); `tools/check.py` puts them together and checks the whole file.
"""

import difflib
import re
import reprlib
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from digits.common.cli import ParameterError

FILE = Path("params.yaml")
KEY = re.compile(r"(?=.{1,100}\Z)[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
LARGEST = 1_000_000  # characters of the file, also when every alias is spelled out
LONGEST = 3_000  # characters of one value; Python refuses to print numbers of more than 4 300 digits
DEEPEST = 20  # levels of blocks in blocks
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]


class Section(BaseModel):
    """One block of params.yaml. Unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Model = TypeVar("Model", bound=Section)


class _Loader(yaml.CSafeLoader):
    """The safe loader of PyYAML, made to agree with DVC's: `1e-3` is a number, and a key may stand only once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{show(key.value)} stands twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z"), list("-+.0123456789")
)


def load(path: Path = FILE) -> dict[str, Any]:
    """Read params.yaml.

    Raises:
        ParameterError: it is missing, too large, not UTF-8, not YAML, or not a mapping.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ParameterError(f"{path} is larger than the {LARGEST} bytes that are allowed; take something out")
        text = content.decode("utf-8")
        if left := re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE):
            line = text.count("\n", 0, left.start()) + 1
            raise ParameterError(f"{path}, line {line}: {left[0]} is left of a merge; settle it and leave no such line")
        _inspect(text)
        values = yaml.load(text, _Loader)
    except FileNotFoundError:
        raise ParameterError(f"{path} is not here; run from the folder that holds it") from None
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ParameterError(f"{path}{place}: {', '.join(filter(None, [error.context, error.problem]))}") from None
    except (yaml.YAMLError, ValueError, ArithmeticError) as error:  # the latter two of dates and numbers that are none
        raise ParameterError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ParameterError(f"{path} must hold named sections such as `experiments:`")
    return values


def _inspect(text: str) -> None:
    """Refuse what would take endless memory or build more than plain values, before anything is built.

    Raises:
        MarkedYAMLError: there is such a value, or the text is not YAML.
    """
    size = 0
    sizes: dict[str | None, int] = {}  # of each anchor's value, with every alias in it spelled out
    opened: list[tuple[str | None, int]] = []
    events: Iterable[Any] = yaml.parse(text, yaml.CSafeLoader)
    for event in events:
        fault = None
        if isinstance(event, yaml.AliasEvent):
            fault = None if event.anchor in sizes else "an alias stands before or inside of the value that it is for"
            size += sizes.get(event.anchor, 0)
        elif isinstance(event, yaml.ScalarEvent):
            fault = f"a value of more than {LONGEST} characters is not allowed" if len(event.value) > LONGEST else None
            if event.implicit[0] and re.fullmatch(r"[-+]?0[0-9_]+", event.value):
                fault = f"{event.value} is another number to DVC than to others; write it without the 0 before it"
            size += len(event.value) + 1
            sizes[event.anchor] = len(event.value) + 1
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, size))
            size += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            sizes[anchor] = size - before
        if getattr(event, "tag", None):
            fault = "a tag, which begins with `!`, is not allowed; write the plain value"
        if len(opened) > DEEPEST:
            fault = f"more than {DEEPEST} levels of blocks or lists in each other are not allowed"
        if size > LARGEST:
            fault = f"with its aliases spelled out, the file has more than the {LARGEST} characters that are allowed"
        if fault:
            raise yaml.MarkedYAMLError(problem=fault, problem_mark=event.start_mark)


def blocks(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the section `name` as it stands: its blocks by key, not checked.

    Raises:
        ParameterError: the section is missing, or has no blocks.
    """
    found = values.get(name)
    if not isinstance(found, dict) or not found:
        raise ParameterError(f"{FILE}: `{name}` must be a section with at least one block")
    return found


def section(values: Mapping[str, Any], name: str, model: type[Model]) -> dict[str, Model]:
    """Check every block of the section `name` and return them by key.

    Raises:
        ParameterError: the section is missing, or a block is not what `model` says.
    """
    return {key: block(values, name, key, model) for key in blocks(values, name)}


def block(values: Mapping[str, Any], name: str, key: str, model: type[Model]) -> Model:
    """Check one block of the section `name`.

    Raises:
        ParameterError: there is no such block, its key has other characters than letters, digits and hyphens, or it
            is not what `model` says: the first fault is named.
    """
    if not (isinstance(key, str) and KEY.fullmatch(key)):
        raise ParameterError(
            f"{FILE}: {name}: {show(key)} cannot be a name; "
            "a name is text of up to 100 letters, digits and single hyphens"
        )
    choose(f"{FILE}: {name}", key, blocks(values, name))
    try:
        return model.model_validate(values[name][key])
    except ValidationError as error:
        raise ParameterError(f"{FILE}: {_explain(error.errors()[0], f'{name}.{key}', model)}") from None


def seed(values: Mapping[str, Any]) -> int:
    """Return the seed, from 0 to 2³² - 1, that every random choice of the pipeline comes from.

    Raises:
        ParameterError: it is missing or no such number.
    """
    try:
        return TypeAdapter(Seed).validate_python(values.get("seed"))
    except ValidationError as error:
        raise ParameterError(f"{FILE}: {_explain(error.errors()[0], 'seed', Section)}") from None


def choose(what: str, name: object, valid: Iterable[str]) -> None:
    """Check that `name` is one of `valid`.

    Raises:
        ParameterError: it is not; the nearest valid name is suggested and all of them are listed.
    """
    valid = list(valid)
    if name in valid:
        return
    names = sorted(map(str, valid))
    near = difflib.get_close_matches(str(name)[:100], names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ParameterError(f"{what}: there is no {show(name)}.{hint} Valid: {short(', '.join(names))}")


def show(value: object) -> str:
    """Spell a value for an error line; a large one in part."""
    return short(_LIMITED.repr(value), 100)


def short(text: str, most: int = 1000) -> str:
    """Cut text that is too long for a line."""
    return text if len(text) <= most else text[: most - 1] + "…"


_LIMITED = reprlib.Repr()
_LIMITED.maxstring = _LIMITED.maxother = 80


def _explain(error: ErrorDetails, where: str, model: type[Section]) -> str:
    """Turn pydantic's account of one fault into a line: what, which value, what is allowed."""
    path = [where, *(short(str(part), 100) for part in error["loc"])]
    if error["type"] == "extra_forbidden":
        for part in error["loc"][:-1]:  # down to the block that holds the unknown key
            annotation = model.model_fields[str(part)].annotation
            candidates = get_args(annotation) or (annotation,)
            model = next(c for c in candidates if isinstance(c, type) and issubclass(c, Section))
        try:
            choose(".".join(path[:-1]), error["loc"][-1], [f.alias or name for name, f in model.model_fields.items()])
        except ParameterError as unknown:
            return str(unknown)
    if error["type"] == "missing":
        return f"{'.'.join(path)} is missing"
    if error["type"] == "model_type":
        return f"{'.'.join(path)}: must be a block of keys and values, not {show(error['input'])}"
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{'.'.join(path)}: {message}, not {show(error['input'])}"
