"""Each form of forms.yaml is taken, asked about or refused, as it says there."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import image_layouts
from form_files import write_form
from image_layouts.errors import LayoutError
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import Reading
from image_layouts.proposing.choose import choose
from image_layouts.proposing.folders import enter_folders
from image_layouts.proposing.writing import write
from image_layouts.schema import parse_text
from tests.helpers import tiny
from tests.helpers.digit_files import LABELS, PIXELS
from tests.helpers.variants import mark_variants

FORMS: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("forms.yaml").read_text(encoding="utf-8")
)
PAGE = tiny.ROOT / "packages/image-layouts/docs/your-own.md"


def plain(layout: Any) -> str:
    """Return a layout in one line, without quotation marks."""
    return write(layout).replace('"', "")


def list_options(error: LayoutError) -> list[list[str]]:
    """Return the words of the options that are shown."""
    return [shlex.split(line) for line in error.lines if line.startswith("  --")]


def take(folder: Folder, option: list[str]) -> Reading:
    """Return what an option that was shown reads."""
    if option[0] == "--layout":
        return choose(folder, parse_text(option[1]))
    return choose(folder, columns={"class": option[1]})


@pytest.mark.parametrize("form", mark_variants(FORMS.values(), keep=40), ids=FORMS)
def test_a_form_is_taken_or_asked_about_or_refused(
    form: dict[str, Any], tmp_path: Path
) -> None:
    write_form(tmp_path, form)
    folder = Folder(enter_folders(tmp_path))
    prefix = f"{folder.root.relative_to(tmp_path).as_posix()}/"  # of a folder that has all
    if "taken" in form:
        taken = form["taken"].replace('"', "").replace(prefix, "")
        layout = choose(folder, columns=form.get("columns")).layout
        assert plain(layout) == taken
        assert isinstance(layout, str) or parse_text(json.dumps(layout)) == layout
        return
    with pytest.raises(LayoutError) as error:
        choose(folder)
    if "refused" in form:
        assert form["refused"] in "\n".join([*error.value.lines, error.value.message])
        return
    options = list_options(error.value)
    shown = [" ".join(option).removeprefix("--layout ").replace('"', "") for option in options]
    if "first" in form:
        shown = shown[:1]
    expected = form["first" if "first" in form else "shown"]
    assert expected.replace('"', "").replace(prefix, "") in shown
    assert len(options) > 1 or any("question: " in line for line in error.value.lines)
    for option in options:  # each can be typed, and nothing is asked again
        assert len(take(folder, option).rows) > 0


@pytest.mark.parametrize("n_classes", [1, 300])
def test_the_library_reads_any_number_of_classes(n_classes: int, tmp_path: Path) -> None:
    write_form(tmp_path, {"files": [f"{{1..{n_classes}}}/{{h}}.png"]})
    images = image_layouts.read(tmp_path, "{class}/*")
    assert repr(images).startswith(f"LabelledImages({n_classes} images, {n_classes} classes: 1")
    assert len(images) == len(images.classes)


def test_spectra_are_no_pixels(tmp_path: Path) -> None:
    starts = np.random.default_rng(0).random((60, 1)) * 9
    spectra = np.rint(400 + 300 * np.sin(starts + np.arange(64) / 10))
    table = pd.DataFrame(spectra.astype(int)).add_prefix("s").assign(label=["a", "b"] * 30)
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(LayoutError, match="s0 to s63 have numbers up to 700, but pixels up to"):
        choose(Folder(tmp_path))


@pytest.mark.parametrize("axes", ["n (h w c)", "n (c h w)"])
def test_the_colours_of_rows_are_planes_or_side_by_side(axes: str, tmp_path: Path) -> None:
    colors = np.stack([PIXELS[:60], PIXELS[:60] // 2, PIXELS[:60] // 4], axis=3)
    arranged = colors if axes == "n (h w c)" else np.moveaxis(colors, 3, 1)
    np.savez(tmp_path / "a.npz", x=arranged.reshape(60, -1), y=LABELS[:60] % 3)
    assert choose(Folder(tmp_path)).layout["axes"] == axes


def test_the_table_of_the_page_names_the_common_forms() -> None:
    rows = re.findall(r"^\| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    common = [form["common"] for form in FORMS.values() if "common" in form]
    assert len(common) > 9
    assert set(common) <= set(rows)


def test_a_question_shows_what_is_there(tmp_path: Path) -> None:
    write_form(tmp_path, FORMS["two columns that may be the class"])
    with pytest.raises(LayoutError, match="can be read in these ways") as error:
        image_layouts.propose(tmp_path)
    assert [reading.layout["class"] for reading in error.value.readings] == ["color", "size"]
    assert image_layouts.propose(tmp_path, class_column="size")["class"] == "size"
    assert error.value.lines[:3] == [
        "  24 pictures, such as 1.png",
        "  t.csv: columns file (1.png, 2.png, 3.png), color (red, blue), size (small, large)",
        "  --layout '{table: t.csv, file: \"{file}\", class: color}'",
    ]
    assert "24 images of 2 classes: blue 12, red 12" in error.value.lines[3]
