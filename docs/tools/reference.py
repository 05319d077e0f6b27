"""The pages in docs/reference that are generated from the code.

`make reference` writes them. test_reference.py checks that they are up to date.
"""

import ast
import inspect
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import click

from digits.commands import main
from digits.learning.pipelines import FEATURES_FOLDER
from digits.settings import params

FOLDER = Path(__file__).parents[1] / "reference"
WIDTH = 78  # columns of a help text, as Click wraps it on a terminal of 80 columns
NOTE = "<!-- `make reference` generates this page from the code. Do not edit it. -->"

CLI_INTRODUCTION = """\
# Command-line reference

This page has the help texts of the commands. `digits COMMAND --help` prints them, too. Run the
commands in the folder that contains `params.yaml`. Two commands are left out, because you need
not call them: `make venv` calls `digits setup`, and Git calls `digits merge-lock`."""

PARAMS_INTRODUCTION = """\
# `params.yaml` reference

This page describes every key of `params.yaml`. `NAME` stands for the name of an entry, which
you choose. A name has at most 100 letters and digits, with single hyphens between them.

`digits check` validates the file. An unknown key is an error. To try a value without editing
the file, use the dotted name of its key, and name the last stage of the model:
`dvc exp run --temp --set-param models.NAME.folds=5 evaluate@NAME`."""

FEATURES_INTRODUCTION = """\
## Sets of features

The key `features` of a model names one of these modules of `digits/features`. *Deskewed* digits
are sheared until they stand upright. The *norm* is the Euclidean norm. A set with principal
components needs at least as many training images as components, without those of one fold. The
sets whose names contain `hog` need square images. For most of them, images of 8 × 8 pixels are
too small, and the stage `train` fails."""

# What the COLOR of a module of digits/features says that it does with images in colour.
COLORS = {
    "channels": "red, green and blue",
    "brightness": "the brightness",
    "required": "red, green and blue; grey images are an error",
}

# What is generated below the description of a key.
FURTHER = {"models.NAME.features": "[Sets of features](#sets-of-features) lists the modules."}

# What the bounds of a number in a JSON schema mean.
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


class Key(NamedTuple):
    """A key of params.yaml.

    Attributes:
        name: its dotted name, such as `models.NAME.folds`.
        schema: its JSON schema.
        presence: whether it is required, what its default is, or that `digits pin` writes it.
            It is "" for a key of a mapping that is only one of several forms of a value.
        description: the string below it in digits/settings/params.py, or "".
    """

    name: str
    schema: dict[str, Any]
    presence: str
    description: str


def main_context() -> click.Context:
    """Return the context of the command `digits`, in which its subcommands print their help."""
    settings = main.context_settings
    return click.Context(main, info_name="digits", terminal_width=WIDTH, **settings)


def list_commands() -> dict[str, click.Command]:
    """Return all commands that `digits --help` shows, by their names."""
    context = main_context()
    commands = {}
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        commands[name] = command
    return commands


def list_keys() -> list[Key]:
    """Return all keys of params.yaml, in the order of the schema."""
    root = params.Params.model_json_schema()
    classes = {**root["$defs"], "Params": root}
    descriptions = read_descriptions()

    def keys_of(class_name: str, prefix: str, *, is_alternative: bool = False) -> list[Key]:
        keys = []
        required = classes[class_name].get("required", [])
        for key, schema in classes[class_name]["properties"].items():
            name = f"{prefix}{key}"
            presence = "" if is_alternative else describe_presence(key in required, schema)
            if class_name == "DatasetParams" and key in params.PINNED_KEYS:
                presence = "written by `digits pin`"
            description = descriptions[class_name].get(key, "")
            keys.append(Key(name, schema, presence, description))
            if "$ref" in schema:
                keys += keys_of(referenced_class(schema), f"{name}.")
            for entry in schema.get("patternProperties", {}).values():
                keys += keys_of(referenced_class(entry), f"{name}.NAME.")
            for form in schema.get("anyOf", []):
                if "$ref" in form:
                    keys += keys_of(referenced_class(form), f"{name}.", is_alternative=True)
        return keys

    return keys_of("Params", "")


def referenced_class(schema: dict[str, Any]) -> str:
    """Return the name of the class that a `$ref` of a JSON schema refers to."""
    reference: str = schema["$ref"]
    return reference.removeprefix("#/$defs/")


def read_descriptions() -> dict[str, dict[str, str]]:
    """Return the strings below the attributes of each class in digits/settings/params.py.

    pydantic can read them, too (`use_attribute_docstrings`), but that would add a tenth to the
    time in which every stage imports the schema.
    """
    descriptions = {}
    for node in ast.parse(inspect.getsource(params)).body:
        if isinstance(node, ast.ClassDef):
            descriptions[node.name] = read_strings_below_attributes(node)
    return descriptions


def read_strings_below_attributes(class_node: ast.ClassDef) -> dict[str, str]:
    """Return the string below each attribute of a class that has one, by the attribute."""
    strings = {}
    for statement, following in pairwise(class_node.body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(following, ast.Expr):
            continue
        text = ast.literal_eval(following.value)
        strings[ast.unparse(statement.target)] = inspect.cleandoc(text)
    return strings


def describe_presence(is_required: bool, schema: dict[str, Any]) -> str:
    """Return whether a key is required, or what its default is."""
    if is_required:
        return "required"
    default = schema.get("default")
    return "optional" if default is None else f"default: {default}"


def describe_type(schema: dict[str, Any]) -> str:
    """Return which values a JSON schema allows, such as `integer (at least 1) or mapping`."""
    if "anyOf" in schema:
        forms = [describe_type(form) for form in schema["anyOf"] if form != {"type": "null"}]
        return " or ".join(dict.fromkeys(forms))  # each form once
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = {"array": "list", "object": "mapping"}
    name = schema.get("type", "object")
    bounds = [
        f"{word} {format_bound(schema[bound])}"
        for bound, word in BOUNDS.items()
        if bound in schema
    ]
    text = kind.get(name, name)
    return f"{text} ({', '.join(bounds)})" if bounds else text


def format_bound(value: float) -> str:
    """Return a bound of a number, the largest one as a power of two."""
    return "2³²" if value == 2**32 else str(value)


def write_cli() -> str:
    """Return the page about the commands."""
    context = main_context()
    parts = [CLI_INTRODUCTION, NOTE]
    for name, command in list_commands().items():
        parts.append(f"## digits {name}")
        help_text = command.get_help(click.Context(command, context, name))
        parts.append(f"```text\n{help_text}\n```")
    return "\n\n".join(parts) + "\n"


def write_params() -> str:
    """Return the page about the keys of params.yaml."""
    parts = [PARAMS_INTRODUCTION, NOTE]
    for key in list_keys():
        level = "###" if "." in key.name else "##"
        parts.append(f"{level} `{key.name}`")
        facts = [describe_type(key.schema), key.presence]
        parts.append(f"*{', '.join(fact for fact in facts if fact)}*")
        parts.append(key.description)
        if key.name in FURTHER:
            parts.append(FURTHER[key.name])
    parts += [FEATURES_INTRODUCTION, write_features()]
    return "\n\n".join(parts) + "\n"


def write_features() -> str:
    """Return the table of the modules of digits/features."""
    lines = [
        "| `features` | what the classifier learns from | of images in colour |",
        "|---|---|---|",
    ]
    for path in sorted(FEATURES_FOLDER.glob("*.py")):
        module = import_module(f"digits.features.{path.stem}")
        summary = inspect.getdoc(module).splitlines()[0].rstrip(".")
        color = getattr(module, "COLOR", "channels")
        lines.append(f"| `{path.stem}` | {summary} | {COLORS[color]} |")
    return "\n".join(lines)


PAGES = {"cli.md": write_cli, "params.md": write_params}


def write_pages() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
