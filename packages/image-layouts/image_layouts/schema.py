"""The schema of the key `layout` of params.yaml, which says what somebody's files mean.

packages/image-layouts/docs/layout.md describes this key for users.
"""

import codecs
import re
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from image_layouts.errors import LayoutError, shorten

UTF_8 = "utf-8-sig"  # with or without a byte order mark
NAMED_SEPARATORS = ["blanks", "last blank"]


def as_list(value: Any) -> Any:
    """Return a single string, number or mapping in a list, which params.yaml may omit."""
    return [value] if isinstance(value, str | int | float | dict) else value


def as_string(value: Any) -> Any:
    """Return a number or a boolean as a string, because tables are read as strings."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


String = Annotated[str, BeforeValidator(as_string)]
Strings = Annotated[list[String], BeforeValidator(as_list), Field(min_length=1)]
Where = dict[String, Strings]  # selects the rows that have one of the values of each column

# The start of a mapping in YAML or JSON, such as `{files: `, or of a list, such as `[train/`.
# Patterns such as `{class}/*`, `[#]1/*` and `[{]1/*` do not match.
YAML_START = re.compile(r"\{\s*[\"']?\w+[\"']?\s*:|\[\s*([\"'\w]|\{(?!\]))")


class Entry(BaseModel):
    """A part of a layout. Unknown keys are errors, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FilesPart(Entry):
    """Pictures whose paths say what they are."""

    files: Strings  # patterns of their paths
    lists: Strings = Field(default=[], alias="list")  # text files that name the pictures


class TablePart(Entry):
    """Rows of tables. Exactly one of the keys `file`, `picture` and `pixels` is given."""

    table: Strings  # patterns of the paths of the tables
    file: str = ""  # the path of a row's picture, in which {COLUMN} is a value of the row
    picture: String = ""  # the column that has the encoded pictures
    pixels: String = ""  # the columns of pixels: `p0 to p63`, or a column with all pixels
    axes: str = "n (h w)"
    scale: float = 1  # what pixels are multiplied by
    classes: Strings = Field(default=[], alias="class")  # one column, or one column per class
    group: String = ""  # a column
    id: String = ""  # a column
    where: Where = Field(default={})  # without it, all rows
    separator: str = ","  # a character, or one of `NAMED_SEPARATORS`
    encoding: str = UTF_8
    header: bool = True  # whether the first line has the names of the columns


class ArrayPart(Entry):
    """Arrays of images."""

    images: str  # a pattern of their names
    axes: str = "n h w"
    scale: float = 1  # what pixels are multiplied by
    classes: str = Field(default="", alias="class")  # the name of an array
    group: str = ""  # the name of an array


Part = FilesPart | TablePart | ArrayPart

# Each part has exactly one of these keys, which tells its type.
PART_TYPES: dict[str, type[Part]] = {
    "files": FilesPart,
    "table": TablePart,
    "images": ArrayPart,
}


class Layout(Entry):
    """A layout whose parts have been parsed."""

    train: list[Part]  # the parts of the training set, or of all images
    test: list[Part] = Field(default=[])
    unused: list[str] = Field(default=[])  # patterns of the pictures that are left out
    unused_rows: list[Where] = Field(default=[])  # the rows of tables that are left out
    unused_classes: list[str] = Field(default=[])  # the classes whose images are left out

    @property
    def parts(self) -> list[Part]:
        """The parts of both sets."""
        return [*self.train, *self.test]


class UnusedRows(Entry):
    """An item of the key `unused` that selects rows of tables."""

    where: Where


class UnusedClasses(Entry):
    """An item of the key `unused` that selects all images of some classes."""

    classes: Strings = Field(alias="class")


def parse_text(text: str | None) -> Any:
    """Return a layout, or a part of it, from its text in YAML.

    A pattern such as `{class}/*` is not YAML, and is returned as it is.

    Raises:
        LayoutError: the text is not valid YAML.
    """
    if text is None or not YAML_START.match(text):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise LayoutError(
            f"{text} is no YAML; write quotation marks around each pattern"
        ) from None


def parse(value: Any) -> Layout:
    """Return a layout from its value in params.yaml.

    Raises:
        LayoutError: the value is no layout.
    """
    mapping = value if isinstance(value, dict) else {"files": value}
    # All other keys of the mapping are keys of each part.
    common = {key: mapping[key] for key in mapping if key not in ("train", "test", "unused")}
    if "train" in mapping:
        train = parse_set("train", mapping["train"], common)
        test = parse_set("test", mapping.get("test"), common)
        if not train:
            raise LayoutError("its part `train` is empty")
    elif "test" in mapping:
        raise LayoutError("it has no key `train`, and so no training set")
    else:
        train = [parse_part("", common)]
        test = []
    layout = Layout(train=train, test=test)
    for item in as_list(mapping.get("unused") or []):
        if isinstance(item, str):
            layout.unused.append(item)
        elif isinstance(item, dict) and "class" in item:
            layout.unused_classes.extend(validate("unused", UnusedClasses, item).classes)
        else:
            layout.unused_rows.append(validate("unused", UnusedRows, item).where)
    return layout


def parse_set(name: str, value: Any, common: dict[str, Any]) -> list[Part]:
    """Return the parts of a set.

    Args:
        name: the key of the set, `train` or `test`.
        value: the value of this key: one or several patterns of pictures, one or several
            mappings with the keys of a part, or None.
        common: the keys of all parts.
    """
    if value is None:
        return []
    items = as_list(value)
    are_mappings = isinstance(items, list) and all(isinstance(item, dict) for item in items)
    mappings = items if are_mappings else [{"files": value}]
    return [parse_part(name, common | mapping) for mapping in mappings]


def parse_part(name: str, keys: dict[str, Any]) -> Part:
    """Return a part from its keys. `name` is the key of its set, or "".

    Raises:
        LayoutError: the part has none of the keys that tell its type, or several.
    """
    found = [key for key in PART_TYPES if key in keys]
    if len(found) != 1:
        where = f"its part `{name}`" if name else "it"
        listed = " and ".join(f"`{key}`" for key in found) or "none of them"
        raise LayoutError(
            f"{where} has {listed}; expected one of `files`, `table` and `images`"
        )
    part = validate(name, PART_TYPES[found[0]], keys)
    if isinstance(part, TablePart):
        check_table(part)
    return part


def check_table(part: TablePart) -> None:
    """Check the values of a part that has tables.

    Raises:
        LayoutError: packages/image-layouts/docs/layout.md does not allow one of the values.
    """
    image_keys = [key for key in (part.file, part.picture, part.pixels) if key]
    if len(image_keys) != 1:
        raise LayoutError("a table needs one of the keys `file`, `picture` and `pixels`")
    if part.file and "{" not in part.file:
        raise LayoutError(
            f"file: {part.file} names no column; write it in braces, as in {{name}}"
        )
    if len(part.separator) != 1 and part.separator not in NAMED_SEPARATORS:
        raise LayoutError(
            f"separator: {part.separator!r} is neither one character nor one of "
            f"{shorten(NAMED_SEPARATORS)}"
        )
    try:
        codecs.lookup(part.encoding)
    except LookupError:
        raise LayoutError(f"encoding: Python knows no {part.encoding!r}") from None


def validate(key: str, model: type[Entry], value: Any) -> Any:
    """Return an instance of a pydantic model for a value of the layout.

    Raises:
        LayoutError: a key is unknown or missing, or its value is not allowed.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
    # The keys from the layout to the wrong value, such as train, where.
    *parents, last = [key] * bool(key) + list(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        allowed = [field.alias or name for name, field in model.model_fields.items()]
        where = ".".join(["layout", *parents])
        raise LayoutError(f"{where}: there is no {last!r}. Valid: {', '.join(allowed)}.")
    message, _, _ = first["msg"].partition(" or instance of ")  # a class of Python
    raise LayoutError(f"{'.'.join([*parents, last])}: {message}; found {first['input']!r:.80}")
