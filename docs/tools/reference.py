"""The pages in docs/reference that are generated from the code.

`make reference` writes them. test_reference.py checks that they are up to date.
"""

import ast
import inspect
import json
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml

from digits.commands import main
from digits.data import sources
from digits.evaluation import metrics
from digits.learning.pipelines import FEATURES_FOLDER
from digits.results.metrics import DESCRIPTIONS
from digits.settings import params, recorded

FOLDER = Path(__file__).parents[1] / "reference"
SOURCES_FOLDER = Path(sources.__file__).parent
WIDTH = 78  # columns of a help text, as Click wraps it on a terminal of 80 columns
NOTE = "<!-- `make reference` generates this page from the code. Do not edit it. -->"

CLI_INTRODUCTION = """\
# Command-line reference

This page has the help texts of the commands. `digits COMMAND --help` prints them, too. Run the
commands in the folder that contains `params.yaml`. `digits setup` is left out, because
`make venv` calls it."""

PARAMS_INTRODUCTION = """\
# `params.yaml` reference

This page describes every key of `params.yaml`. `NAME` stands for the name of an entry, which
you choose. A name has at most 100 letters and digits, with single hyphens between them.

`digits check` validates the file. An unknown key is an error. To try a value without editing
the file, use the dotted name of its key, and name the last stage of the model:
`dvc exp run --temp --set-param models.NAME.folds=5 evaluate@NAME`."""

FEATURES_INTRODUCTION = """\
## Sets of features

The key `features` of a model names one of these modules of `digits/features`, and
`feature_parameters` has its parameters. Principal components need at least as many training
images as components, without those of one fold. *Deskewed* digits are sheared until they stand
upright."""

SOURCES_INTRODUCTION = """\
## Kinds of sources

The key of an item of `sources` names one of these modules of `digits/data/sources`. Its value
is the *place*: where the images are."""

METRICS_INTRODUCTION = """\
# Metrics

The stage `evaluate` computes these metrics on the test set and in cross-validation.
`plots/<model>/metrics.csv` has [all of them](files.md#metrics), also for each class, fold and
group. `metrics/<model>.json` has only a few, which `dvc metrics show` and `dvc metrics diff`
print: `cv_accuracy` and `cv_std`, and other metrics on the test set."""

STAGES_INTRODUCTION = """\
# Stages

This page describes the stages of the pipeline in their order: what each stage reads, and which
files it writes. [Files](files.md) describes the content of the files. `dvc.yaml` declares all
dependencies of each stage."""

# What is generated below the description of a key.
FURTHER = {
    "datasets.NAME.sources": "[Kinds of sources](#kinds-of-sources) describes each kind.",
    "models.NAME.features": "[Sets of features](#sets-of-features) lists the modules.",
}

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
            if class_name == "DatasetParams" and key in recorded.KEYS:
                presence = "recorded by `digits pin`"
            description = descriptions[class_name].get(key, "")
            keys.append(Key(name, schema, presence, description))
            if "$ref" in schema:
                keys += keys_of(referenced_class(schema), f"{name}.")
            for entry in schema.get("patternProperties", {}).values():
                keys += keys_of(referenced_class(entry), f"{name}.NAME.")
            for form in list_forms(schema):
                if "$ref" in form:
                    keys += keys_of(referenced_class(form), f"{name}.", is_alternative=True)
        return keys

    return keys_of("Params", "")


def list_forms(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of the forms of a value, or nothing if it has only one."""
    forms = []
    for form in schema.get("anyOf", schema.get("oneOf", [])):
        forms += list_forms(form) or [form]
    return forms


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
    if list_forms(schema):
        forms = [describe_type(form) for form in list_forms(schema) if form != {"type": "null"}]
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
    parts += [SOURCES_INTRODUCTION, write_sources(), FEATURES_INTRODUCTION, write_features()]
    return "\n\n".join(parts) + "\n"


def write_sources() -> str:
    """Return the description of each module of digits/data/sources, and of its place."""
    parts = []
    for path in sorted(SOURCES_FOLDER.glob("[a-z]*.py")):
        module = import_module(f"digits.data.sources.{path.stem}")
        docstring = inspect.getdoc(module) or ""
        parts += [f"### `{path.stem}`", docstring]
        if "place" not in docstring:  # otherwise the docstring of the module describes it
            place = find(read_arguments(module.source.open), "place", path)
            parts.append(f"The place is {place[0].lower()}{place[1:]}")
    return "\n\n".join(parts)


def find(descriptions: Mapping[str, str], name: str, path: Path) -> str:
    """Return the description of an argument, or exit and say that it is missing."""
    if name not in descriptions:
        raise SystemExit(f"{path}: no docstring describes {name!r} below `Args:`")
    return descriptions[name]


def write_features() -> str:
    """Return the description of each module of digits/features, and its parameters."""
    parts = []
    for path in sorted(FEATURES_FOLDER.glob("*.py")):
        module = import_module(f"digits.features.{path.stem}")
        parts += [f"### `{path.stem}`", inspect.getdoc(module) or ""]
        signature = inspect.signature(module.make_features)
        descriptions = read_arguments(module.make_features)
        lines = ["| parameter | default | description |", "|---|---|---|"]
        for name, parameter in signature.parameters.items():
            if parameter.default is inspect.Parameter.empty:  # a property of the dataset
                continue
            default = json.dumps(parameter.default)  # as YAML has it: `true`, `null`
            description = find(descriptions, name, path)
            lines.append(f"| `{name}` | `{default}` | {description} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def read_arguments(function: Callable[..., Any]) -> dict[str, str]:
    """Return what the docstring of a function says about each argument, as a sentence."""
    docstring = inspect.getdoc(function) or ""
    _, _, arguments = docstring.partition("\nArgs:\n")
    arguments = arguments.partition("\n\n")[0]
    found = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", arguments, re.MULTILINE)
    descriptions = {}
    for name, text in found:
        words = " ".join(text.split())
        descriptions[name] = words[0].upper() + words[1:]
    return descriptions


def read_stages() -> dict[str, dict[str, Any]]:
    """Return the entries of the stages in dvc.yaml by their names, in the order of a run."""
    text = Path("dvc.yaml").read_text(encoding="utf-8")
    entries: dict[str, dict[str, Any]] = yaml.safe_load(text)["stages"]
    # It is the first one in the file, and runs last.
    entries["evaluate"] = entries.pop("evaluate")
    return entries


def write_stages() -> str:
    """Return the page about the stages: the docstrings of their scripts."""
    parts = [STAGES_INTRODUCTION, NOTE]
    for stage, entry in read_stages().items():
        parts.append(f"## `{stage}`")
        if "foreach" in entry:
            section = entry["foreach"].strip("${}")  # such as `${models}`
            parts.append(f"*runs for each entry of `{section}` in `params.yaml`*")
        parts.append(describe_stage(stage, entry))
    return "\n\n".join(parts) + "\n"


def describe_stage(stage: str, entry: dict[str, Any]) -> str:
    """Return the docstring of a stage's script, or its `desc` if it has no script."""
    script = Path(f"stages/{stage}.py")
    if not script.exists():
        return str(entry.get("desc", ""))
    return ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""


def write_metrics() -> str:
    """Return the page about the metrics."""
    lines = ["| metric | in `metrics/<model>.json` | value |", "|---|---|---|"]
    for name, description in DESCRIPTIONS.items():
        metric = metrics.METRICS.get(name)
        is_in_json = "yes" if metric and metric.in_json else "no"
        if metric and metric.only_for_two_labels:
            is_in_json = "with two labels"
        lines.append(f"| `{name}` | {is_in_json} | {description.text} |")
    return "\n\n".join([METRICS_INTRODUCTION, NOTE, "\n".join(lines)]) + "\n"


PAGES = {
    "cli.md": write_cli,
    "metrics.md": write_metrics,
    "params.md": write_params,
    "stages.md": write_stages,
}


def write_pages() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
