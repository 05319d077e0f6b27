"""`digits pin`: what it counts, that it changes nothing else in params.yaml, and who asks for it."""

import shutil
from pathlib import Path

from digits.commands.pin import pinned
from digits.core import params
from digits.core.params import COUNTED
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pytest
from PIL import Image

TEXT = (tiny.ROOT / "params.yaml").read_text(encoding="utf-8")
BLOCK = "    sources:\n    - folder: own\n    shape: [28, 28]  # small\n"
NAMES = ["cat", "no", "Übel"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    text = TEXT.replace("datasets:\n", f"datasets:\n  tried:  # mine\n{BLOCK}\n  # The others.\n", 1)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    for i, name in enumerate(NAMES * 4):
        (tmp_path / "own" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((30, 40), i, np.uint8)).save(tmp_path / "own" / name / f"{i}.png")
    return tmp_path


def test_a_new_block_is_filled_in_and_nothing_else_is_touched(place: Path) -> None:
    before = (place / "params.yaml").read_text(encoding="utf-8")
    assert "datasets.tried.images is missing; run `digits pin tried`" in failure(place, "check")
    told = call(place, "pin", "tried").stdout
    assert told == "params.yaml: datasets.tried has 12 images of 3 classes (cat, no, Übel)\n"
    after = (place / "params.yaml").read_text(encoding="utf-8")
    block = params.read_yaml(after)["datasets"]["tried"]
    assert (block["images"], block["classes"], block["names"]) == (12, 3, NAMES)
    start, end = before.split(BLOCK)
    assert after.startswith(start + "    images: 12\n    classes: 3\n    names:\n    - cat\n")
    assert after.endswith(f"      labels: {block['sha256']['labels']}\n{BLOCK}{end}")
    assert call(place, "check").output == ""


def test_pinned_again_nothing_but_what_has_changed_changes() -> None:
    for name, block in params.read_yaml(TEXT)["datasets"].items():
        assert pinned(TEXT, name, {key: block[key] for key in {*COUNTED, "names"} & {*block}}) == TEXT
    named = "datasets:\n  own:\n    images: 1\n    names: # of letters\n    - a\n    - b\n\n# the end\nsplits: {}\n"
    assert pinned(named, "own", {"images": 2, "names": ["z", "b"]}) == named.replace(" 1", " 2").replace("- a", "- z")


def test_a_changed_folder_is_named_until_it_is_pinned_and_one_that_is_gone_by_pin_alone(place: Path) -> None:
    call(place, "pin", "tried")
    shutil.move(place / "own/cat/0.png", place / "own/no/0.png")
    assert "folder own: other labels: " in (line := failure(place, "check"))
    assert line.endswith("`digits pin` accepts what is there")
    call(place, "pin", "tried")
    call(place, "check")
    path, source = place / "params.yaml", "    - folder: own\n"
    text = path.read_text(encoding="utf-8").replace(source, f"    - folder: gone\n{source}")
    path.write_text(text, encoding="utf-8")
    assert call(place, "pin", "tried").output.startswith("params.yaml: datasets.tried has 12 images of 3 classes")
    shutil.rmtree(place / "own")  # as before a `dvc pull`
    call(place, "check")
    assert "folder gone: is not here; put your images there" in failure(place, "pin", "tried")
