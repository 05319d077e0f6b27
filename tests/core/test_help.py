"""The help of every subcommand of `digits`: its width, its options and its examples."""

import re
from pathlib import Path

import click
import pytest

from digits.commands import list_modules, main
from tests.helpers.calls import call

WIDTH = 80  # columns
SHOWN = main.list_commands(click.Context(main))


def read_help(*words: str) -> str:
    """Return the help of a subcommand. It is the same in every folder."""
    return call(Path(), *words, "--help").stdout


@pytest.mark.parametrize("name", list_modules())
def test_a_help_fits_a_terminal_and_explains_each_option(name: str) -> None:
    text = read_help(name)
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    command = main.get_command(click.Context(main), name)
    assert command
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.help[0].isupper(), option.name


@pytest.mark.parametrize("name", SHOWN)
def test_a_help_has_examples_with_existing_options(name: str) -> None:
    text = read_help(name)
    examples = text.partition("Examples:\n")[2].splitlines()
    assert examples
    for line in examples:
        program, subcommand, *words = line.split()
        assert [program, subcommand] == ["digits", name]
        for word in words:
            if word.startswith("--"):
                assert re.search(rf"^  (-\w, )?{word} ", text, re.MULTILINE)


def test_the_list_of_subcommands_has_a_line_for_each() -> None:
    lines = read_help().partition("\nCommands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == SHOWN == sorted(SHOWN)
    assert max(len(line) for line in lines) <= WIDTH
