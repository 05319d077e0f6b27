"""The parts of the pages that `make reference` writes.

Each part stands between two comments: `<!-- make reference: NAME -->` and `<!-- end -->`.
"""

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from digits.commands import HIDDEN_COMMANDS, MODULES, main
from digits.evaluation import metrics
from digits.learning.pipelines import FEATURES_FOLDER
from digits.results.descriptions import DESCRIPTIONS
from digits.settings import params
from digits.sources import FOLDER as SOURCES_FOLDER

ROOT = Path(__file__).parents[2]
WIDTH = 78  # columns of a help text, as Click wraps it on a terminal of 80 columns
PART = re.compile(r"(<!-- make reference: (.+?) -->)(.*?)(<!-- end -->)", re.DOTALL)

# The classes of the entries of params.yaml, by the beginning of the names of their keys.
CLASSES: dict[str, type[params.Entry]] = {
    "": params.Params,
    "datasets.NAME.": params.DatasetParams,
    "splits.NAME.": params.SplitParams,
    "tasks.NAME.": params.TaskParams,
    "models.NAME.": params.ModelParams,
    "models.NAME.hyperparameters.": params.Hyperparameters,
}


def list_commands() -> Iterator[str]:
    """Yield the help text of each command in digits/commands."""
    settings = main.context_settings
    context = click.Context(main, info_name="digits", terminal_width=WIDTH, **settings)
    for name in sorted(MODULES.keys() - HIDDEN_COMMANDS):
        command = main.get_command(context, name)
        assert command is not None
        help_text = command.get_help(click.Context(command, context, name))
        yield f"## digits {name}\n\n```text\n{help_text}\n```"


def list_keys(prefix: str = "") -> Iterator[str]:
    """Yield the description of each key of params.yaml that begins with a prefix of CLASSES."""
    descriptions = read_strings_below_attributes(CLASSES[prefix])
    for key, field in CLASSES[prefix].model_fields.items():
        name = prefix + key
        presence = "required" if field.is_required() else "optional"
        level = "###" if prefix else "##"
        yield f"{level} `{name}`\n\n*{presence}*\n\n{descriptions[key]}"
        for longer in [f"{name}.", f"{name}.NAME."]:
            if longer in CLASSES:
                yield from list_keys(longer)


def read_strings_below_attributes(schema: type) -> dict[str, str]:
    """Return the string below each attribute of a class that has one, by the attribute.

    pydantic can read them, too (`use_attribute_docstrings`), but that would add a tenth to the
    time in which every stage imports the schema.
    """
    [definition] = ast.parse(inspect.getsource(schema)).body
    assert isinstance(definition, ast.ClassDef)
    strings = {}
    for statement, following in pairwise(definition.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
            text = ast.literal_eval(following.value)
            strings[ast.unparse(statement.target)] = inspect.cleandoc(text)
    return strings


def list_sources() -> Iterator[str]:
    """Yield a table of the modules of digits/sources, and of their values."""
    rows = []
    for path in sorted(SOURCES_FOLDER.glob("[a-z]*.py")):
        module = import_module(f"digits.sources.{path.stem}")
        value, *_ = read_arguments(module.source.open).values()
        rows.append([f"`{path.stem}`", first_paragraph(module), value])
    yield make_table(["kind", "images", "value"], rows)


def list_features() -> Iterator[str]:
    """Yield the description of each module of digits/features, and its parameters."""
    for path in sorted(FEATURES_FOLDER.glob("*.py")):
        module = import_module(f"digits.features.{path.stem}")
        yield f"### `{path.stem}`\n\n{first_paragraph(module)}"
        descriptions = read_arguments(module.make_features)
        rows = []
        for name, parameter in inspect.signature(module.make_features).parameters.items():
            if parameter.default is not inspect.Parameter.empty:  # not a property of a dataset
                default = json.dumps(parameter.default)  # as YAML has it: `true`, `null`
                rows.append([f"`{name}`", f"`{default}`", descriptions[name]])
        if rows:
            yield make_table(["parameter", "default", "description"], rows)


def first_paragraph(module: Any) -> str:
    """Return the first paragraph of a module's docstring."""
    return (inspect.getdoc(module) or "").partition("\n\n")[0]


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


def list_metrics() -> Iterator[str]:
    """Yield a table of the metrics."""
    rows = []
    for name, description in DESCRIPTIONS.items():
        is_in_json = "yes" if name in metrics.HEADLINE_METRICS else "no"
        if name in metrics.HEADLINE_METRICS_BINARY:
            is_in_json = "with two labels"
        rows.append([f"`{name}`", is_in_json, description.text])
    yield make_table(["metric", "in JSON", "value"], rows)


def make_table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    first, *others = [f"| {' | '.join(cells)} |" for cells in [header, *rows]]
    return "\n".join([first, "|---" * len(header) + "|", *others])


# The function of each part, which yields its paragraphs.
PARTS = {
    "commands": list_commands,
    "features": list_features,
    "keys": list_keys,
    "metrics": list_metrics,
    "sources": list_sources,
}


def update(page: str) -> str:
    """Return the text of a page with its parts as they are generated now."""

    def write_part(match: re.Match[str]) -> str:
        begin, name, _, end = match.groups()
        return "\n\n".join([begin, *PARTS[name](), end])

    return PART.sub(write_part, page)


def write_pages() -> None:
    """Write the parts of all pages in docs/."""
    for path in (ROOT / "docs").rglob("*.md"):
        path.write_text(update(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
