"""All that `digits start` says of each form, word for word, as transcripts.txt has it.

After a change of these words, write the file again, and read its difference:

    python -m tests.core.test_transcripts
"""

import random
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest

import test_forms
import test_public_forms
from image_layouts.layout.place import Place
from image_layouts.proposing.choose import ChoiceError, choose, describe
from image_layouts.proposing.folders import enter_folders
from test_random_datasets import write_pictures

pytestmark = pytest.mark.variant

TRANSCRIPTS = Path(__file__).with_name("transcripts.txt")


def write_random(seed: int, place: Path) -> None:
    """Write pictures in a random form."""
    write_pictures(place, random.Random(seed))


FORMS: dict[str, Callable[[Path], object]] = {
    **{name: form.write for name, form in test_forms.FORMS.items()},
    **{name: form.write for name, form in test_public_forms.READ.items()},
    **{name: write for name, (write, _) in test_public_forms.ASKED.items()},
    **{name: write for name, (write, _) in test_public_forms.REFUSED.items()},
    **{f"random pictures {seed}": partial(write_random, seed) for seed in range(60)},
}


def transcribe(write: Callable[[Path], object]) -> list[str]:
    """Write images in a form, and return the lines that `digits start` says about them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own")
        path.mkdir()
        write(path)
        path = enter_folders(path)
        try:
            lines = describe(choose(Place(path)))
        except ChoiceError as error:
            lines = [*error.lines, error.message]
    return [line.replace(folder, "data") for line in lines]


@cache
def read_transcripts() -> dict[str, list[str]]:
    """Return the lines of each form."""
    _, *sections = f"\n{TRANSCRIPTS.read_text(encoding='utf-8')}".split("\n## ")
    parts = [section.rstrip("\n").split("\n") for section in sections]
    return {name: lines for name, _, *lines in parts}


def write_transcripts() -> None:
    """Write the lines of all forms."""
    sections = [
        "\n".join([f"## {name}", "", *transcribe(write), ""]) for name, write in FORMS.items()
    ]
    TRANSCRIPTS.write_text("\n".join(sections), encoding="utf-8")


@pytest.mark.parametrize("name", FORMS)
def test_what_is_said_of_a_form_is_as_in_the_file(name: str) -> None:
    assert transcribe(FORMS[name]) == read_transcripts()[name]


def test_the_file_has_all_forms_and_no_others() -> None:
    assert list(read_transcripts()) == list(FORMS)


if __name__ == "__main__":
    write_transcripts()
