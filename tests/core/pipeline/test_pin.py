"""`digits pin`: what it counts, that it changes nothing else in params.yaml, and who asks for it."""

import re
import shutil
from itertools import product
from pathlib import Path

from digits.commands.check import changed
from digits.commands.pin import pinned
from digits.support import parameters
from digits.support.parameters import Dataset
from tests import tiny

import numpy as np
import pytest
from PIL import Image

TEXT = (tiny.ROOT / "params.yaml").read_text(encoding="utf-8")
BLOCK = "    sources:\n    - folder: own\n    shape: [28, 28]  # small\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with this project's params.yaml, one more dataset in it, and that one's pictures."""
    text = TEXT.replace("datasets:\n", f"datasets:\n  tried:  # mine\n{BLOCK}\n  # The others.\n", 1)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    for i, name in enumerate(["cat", "no", "Übel"] * 4):
        (tmp_path / "own" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((30, 40), i, np.uint8)).save(tmp_path / "own" / name / f"{i}.png")
    return tmp_path


def run(place: Path, command: str, status: int = 0) -> str:
    """Run a command and return what it prints."""
    done = tiny.run(command, place, status=status)
    return done.stdout + done.stderr


def test_a_new_block_is_filled_in_and_nothing_else_is_touched(place: Path) -> None:
    before = (place / "params.yaml").read_text(encoding="utf-8")
    missing = "params.yaml: datasets.tried.images is missing; run `digits pin tried`"
    assert missing in run(place, "digits check", status=2)
    assert missing in run(place, "python -m stages.fetch tried", status=2)
    told = run(place, "digits pin tried")
    assert told == "params.yaml: datasets.tried has 12 images of 3 classes (cat, no, Übel)\n"
    after = (place / "params.yaml").read_text(encoding="utf-8")
    block = parameters.load(place / "params.yaml").values["datasets"]["tried"]
    assert (block["images"], block["classes"], block["names"]) == (12, 3, ["cat", "no", "Übel"])
    start, end = before.split(BLOCK)
    assert after.startswith(start + "    images: 12\n    classes: 3\n    names:\n    - cat\n")
    assert after.endswith(f"      labels: {block['sha256']['labels']}\n{BLOCK}{end}")
    assert (run(place, "digits check"), run(place, "python -m stages.fetch tried")) == ("", "")


@pytest.mark.slow
def test_a_folder_that_has_changed_is_named_until_it_is_pinned_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def notes() -> list[str]:
        return list(changed(parameters.load()))

    monkeypatch.chdir(place)
    run(place, "digits pin tried")
    before = (place / "params.yaml").read_text(encoding="utf-8").splitlines()
    shutil.move("own/cat/0.png", "own/no/0.png")
    again = "`digits pin tried` takes over what is there now"
    assert run(place, "digits check", 1) == f"check: folder own is no longer what is pinned; {again}\n"
    assert again in run(place, "python -m stages.fetch tried", status=1)
    run(place, "digits pin tried")
    after = (place / "params.yaml").read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0].strip() for line, old in zip(after, before, strict=True) if line != old] == ["labels"]
    assert notes() == []
    Path("own/cat").rename("own/bat")
    assert notes() == [f"folder own is no longer what is pinned; {again}"]
    assert "folder own: classes bat, no, Übel, which are not its names" in run(place, "python -m stages.fetch tried", 1)
    shutil.copy("own/no/0.png", "own/0.png")
    assert notes() == ["folder own: '0.png' lies in 0 folders, not in 1 (class); move it"]
    shutil.rmtree("own")  # as before a `dvc pull`
    assert notes() == []


def test_what_is_counted_again_changes_no_other_byte() -> None:
    params = parameters.load(tiny.ROOT / "params.yaml")
    for name, block in params.blocks(Dataset).items():
        values = block.model_dump(exclude_none=True)
        counted = {key: value for key, value in values.items() if key in {"images", "classes", "names", "sha256"}}
        assert pinned(TEXT, name, counted) == TEXT
    named = "datasets:\n  own:\n    images: 1\n    names: # of letters\n    - a\n    - b\n\n# the end\nsplits: {}\n"
    assert pinned(named, "own", {"images": 2, "names": ["z", "b"]}) == named.replace(" 1", " 2").replace("- a", "- z")


def test_a_second_folder_stands_in_for_one_that_is_not_here(place: Path) -> None:
    text = (
        (place / "params.yaml").read_text(encoding="utf-8").replace("- folder: own", "- folder: no\n    - folder: own")
    )
    (place / "params.yaml").write_text(text, encoding="utf-8")
    assert run(place, "digits pin tried").endswith("the next source was taken\n")


def test_given_test_folders_are_the_test_part_of_the_split_with_the_dataset_s_name(place: Path) -> None:
    text = (place / "params.yaml").read_text(encoding="utf-8")
    splits = "splits:\n  other:\n    dataset: tried\n    test: 3\n"
    block = "  tried:\n    dataset: tried\n    test:\n      share: 0.25\n"
    other = "  tried:\n    dataset: mnist\n    test: 10000\n"
    text = text.replace("splits:\n", splits, 1)
    (place / "params.yaml").write_text(text, encoding="utf-8")
    for name, number in product(["cat", "no"], range(2)):
        (place / "own" / "test" / name).mkdir(parents=True, exist_ok=True)
        shutil.move(next((place / "own" / name).glob("*.png")), place / "own" / "test" / name / f"{number}.png")
    (place / "own" / "train").mkdir()
    for name in ("cat", "no", "Übel"):
        shutil.move(place / "own" / name, place / "own" / "train")
    last = "the last 4 images are those in test folders; a split with `test: 4` tests"
    assert last in run(place, "digits pin tried")
    pinned_text = (place / "params.yaml").read_text(encoding="utf-8")
    (place / "params.yaml").write_text(pinned_text.replace(splits, splits + other), encoding="utf-8")
    assert last in run(place, "digits pin tried")  # of another dataset's split it says so, and leaves it
    assert splits + other in (place / "params.yaml").read_text(encoding="utf-8")
    (place / "params.yaml").write_text(pinned_text.replace(splits, splits + block), encoding="utf-8")
    for _ in range(2):
        assert "splits.tried tests on the 4 images in test folders" in run(place, "digits pin tried")
        counted = block.replace("test:\n      share: 0.25", "test: 4")
        assert (place / "params.yaml").read_text(encoding="utf-8") == pinned_text.replace(splits, splits + counted)


def test_a_group_in_train_and_in_test_folders_is_named_and_how_it_is_left_out(place: Path) -> None:
    text = (place / "params.yaml").read_text(encoding="utf-8")
    split = "splits:\n  tried:\n    dataset: tried\n    test:\n      share: 0.25\n"
    (place / "params.yaml").write_text(text.replace("splits:\n", split, 1), encoding="utf-8")
    pictures = (place / "own").rename(place / "all")
    for i, path in enumerate(sorted(pictures.glob("*/*.png"))):
        folder = place / "own" / ("test" if i % 2 else "train") / ("dan" if i % 4 == 1 else "anna") / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)
    assert "train and test folders both have anna: no split can" in run(place, "digits pin tried")
    text = (place / "params.yaml").read_text(encoding="utf-8")
    assert split in text
    (place / "params.yaml").write_text(re.sub(r"(levels:[^#]*?)\bgroup\b", r"\1'-'", text), encoding="utf-8")
    assert "splits.tried tests on the 6 images in test folders" in run(place, "digits pin tried")


def test_a_dataset_that_is_none_is_not_pinned(place: Path) -> None:
    before = (place / "params.yaml").read_bytes()
    (place / "own" / "cat").rename(place / "own" / "all")
    line = run(place, "digits pin tried", status=2)
    assert line.startswith("pin: error: params.yaml: datasets.tried: names: must be 3 different ones, and")
    assert "there is no 'trie'. Did you mean 'tried'?" in run(place, "digits pin trie", status=2)
    shutil.rmtree(place / "own" / "no")
    shutil.rmtree(place / "own" / "all")
    assert "folder own: number of classes: 1 alone, 'Übel'; allowed" in run(place, "digits pin tried", status=1)
    (place / "own" / "void").mkdir()
    assert "folder own: 'void' has no pictures in it; delete it" in run(place, "digits pin tried", status=1)
    (place / "own").rename(place / "owner")
    assert "folder own: is not here; put your images there, or" in run(place, "digits pin tried", status=1)
    assert (place / "params.yaml").read_bytes() == before
