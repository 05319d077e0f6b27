"""The layout of somebody's images: what their files mean, as params.yaml says it.

docs/layout.md describes it for its users.
"""

import codecs
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from digits.settings.errors import UserError, unknown_choice
from digits.settings.params import Entry, describe_error

UTF_8 = "utf-8-sig"  # with or without a byte order mark


def as_list(value: Any) -> Any:
    """Return a single text or mapping as a list, as YAML may have it."""
    return [value] if isinstance(value, str | int | float | dict) else value


def as_text(value: Any) -> Any:
    """Return a number as text, because the values of a table are texts."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def as_float(value: Any) -> Any:
    """Return a whole number as a float."""
    return float(value) if isinstance(value, int) else value


Text = Annotated[str, BeforeValidator(as_text)]
Texts = Annotated[list[Text], BeforeValidator(as_list), Field(min_length=1)]
Scale = Annotated[float, BeforeValidator(as_float)]
Where = dict[Text, Texts]  # the values that rows have, by their columns


class FilesPart(Entry):
    """Pictures whose paths say what they are."""

    files: Texts  # patterns of their paths
    list: Texts = Field(default=[])  # text files that name the pictures. Without it, all


class TablePart(Entry):
    """Rows of tables. They have `file`, `picture` or `pixels`."""

    table: Texts  # patterns of the paths of the tables
    file: str = ""  # the path of a row's picture, in which {COLUMN} is a value of the row
    picture: Text = ""  # the column that has the pictures themselves
    pixels: Text = ""  # the columns, such as `p0 to p63`, or one column with all pixels
    axes: str = "n (h w)"
    scale: Scale = 1  # what pixels are multiplied by
    classes: Texts = Field(default=[], alias="class")  # a column, or one for each class
    group: Text = ""  # a column
    id: Text = ""  # a column
    where: Where = Field(default={})  # without it, all rows
    separator: str = ","  # a character, `blanks` or `last blank`
    encoding: str = UTF_8
    header: bool = True  # whether the first line names the columns, or they are 1, 2 and so on


class ArrayPart(Entry):
    """Arrays of images."""

    images: str  # a pattern of their names
    axes: str = "n h w"
    scale: Scale = 1  # what pixels are multiplied by
    classes: str = Field(default="", alias="class")  # the name of an array
    group: str = ""  # the name of an array


Part = FilesPart | TablePart | ArrayPart

# By the key that only this type of part has.
PART_TYPES: dict[str, type[Part]] = {
    "files": FilesPart,
    "table": TablePart,
    "images": ArrayPart,
}


class Layout(Entry):
    """What somebody's files mean."""

    train: list[Part]  # the parts of the training set, or of all images
    test: list[Part] = Field(default=[])
    unused: list[str] = Field(default=[])  # patterns of pictures that are left out
    unused_rows: list[Where] = Field(default=[])  # rows of tables that are left out

    @property
    def parts(self) -> list[Part]:
        """The parts of both sets."""
        return [*self.train, *self.test]


class UnusedRows(Entry):
    """Rows that are left out."""

    where: Where


def parse(value: Any) -> Layout:
    """Return a layout from its value in params.yaml.

    Raises:
        UserError: docs/layout.md describes no such value.
    """
    keys = value if isinstance(value, dict) else {"files": value}
    common = {key: keys[key] for key in keys if key not in ("train", "test", "unused")}
    test = []
    if "train" in keys:
        train = parse_set("train", keys["train"], common)
        if not train:
            raise UserError("its part `train` is empty")
        test = parse_set("test", keys.get("test"), common)
    elif "test" in keys:
        raise UserError("it has no key `train`, and so no training set")
    else:
        train = [parse_part("", common)]
    unused = as_list(keys.get("unused") or [])
    unused_rows = [each for each in unused if not isinstance(each, str)]
    return Layout(
        train=train,
        test=test,
        unused=[each for each in unused if isinstance(each, str)],
        unused_rows=[validate("unused", UnusedRows, each).where for each in unused_rows],
    )


def parse_set(name: str, value: Any, common: dict[str, Any]) -> list[Part]:
    """Return the parts of a set, whose value is patterns, or the keys of one or several parts.

    `common` are the keys of all parts.
    """
    items = [] if value is None else as_list(value)
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return [parse_part(name, common | item) for item in items]
    return [parse_part(name, common | {"files": value})]


def parse_part(name: str, keys: dict[str, Any]) -> Part:
    """Return a part from its keys. `name` is that of the set, or "".

    Raises:
        UserError: it has none of the three forms of a part, or several.
    """
    found = [key for key in PART_TYPES if key in keys]
    if len(found) != 1:
        where = f"its part `{name}`" if name else "it"
        listed = " and ".join(f"`{key}`" for key in found) or "none of them"
        raise UserError(f"{where} has {listed}; expected one of `files`, `table` and `images`")
    part = validate(name, PART_TYPES[found[0]], keys)
    if isinstance(part, TablePart):
        check_table(part)
    return part


def check_table(part: TablePart) -> None:
    """Check the values of a part that has tables.

    Raises:
        UserError: one of them is none of those that docs/layout.md allows.
    """
    contents = [key for key in (part.file, part.picture, part.pixels) if key]
    if len(contents) != 1:
        raise UserError("a table needs one of the keys `file`, `picture` and `pixels`")
    if part.file and "{" not in part.file:
        raise UserError(
            f"file: {part.file} names no column; write it in braces, as in {{name}}"
        )
    if len(part.separator) != 1 and part.separator not in ("blanks", "last blank"):
        raise UserError(
            f"separator: {part.separator!r} is neither one character nor 'blanks' or "
            "'last blank'"
        )
    try:
        codecs.lookup(part.encoding)
    except LookupError:
        raise UserError(f"encoding: Python knows no {part.encoding!r}") from None


def validate(name: str, model: type[Entry], keys: Any) -> Any:
    """Return a part of the layout, which stands in its key `name`, or in the layout itself.

    Raises:
        UserError: a key is unknown or missing, or has another value than it may have.
    """
    try:
        return model.model_validate(keys)
    except ValidationError as error:
        first = error.errors()[0]
    path = [str(key) for key in first["loc"]]
    if name:
        path.insert(0, name)
    if first["type"] == "extra_forbidden":
        allowed = [field.alias or key for key, field in model.model_fields.items()]
        raise unknown_choice(".".join(["layout", *path[:-1]]), path[-1], allowed)
    raise UserError(f"{'.'.join(path)} {describe_error(first)}")
