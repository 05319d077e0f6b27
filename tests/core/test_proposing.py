"""Layouts that `digits start` proposes for somebody's files, and what it lets the owner choose."""

import re
from pathlib import Path
from typing import Any

import pytest

from digits.data.layout.place import Place
from digits.proposing.choose import ChoiceError, choose, write
from digits.settings.errors import UserError

N_PICTURES = 12  # in each folder

# Folders in which {a,b} stands for several, and the layout, or the ways that are shown.
TREES: dict[str, tuple[str, list[str]]] = {
    "a folder for each class": ("{cat,dog}", ["{class}/*"]),
    "train and test": (
        "{train,test}/{cat,dog}",
        ["{train: train/{class}/*, test: test/{class}/*}"],
    ),
    "sets in each class": (
        "{cat,dog}/{train,test}",
        ["{train: {class}/train/*, test: {class}/test/*}"],
    ),
    "eval": ("{train,eval}/{a,b}", ["{train: train/{class}/*, test: eval/{class}/*}"]),
    "three sets": (
        "{train,valid,test}/{a,b}",
        ["{train: [train/{class}/*, valid/{class}/*], test: test/{class}/*}"],
    ),
    "train and validation": ("{train,val}/{a,b}", ["[train/{class}/*, val/{class}/*]"]),
    "rock, paper, scissors": (
        "{rps,rps-test-set}/{rock,paper}",
        ["{train: rps/{class}/*, test: rps-test-set/{class}/*}"],
    ),
    "horses or humans": (
        "{horse-or-human,validation-horse-or-human}/{horses,humans}",
        ["[horse-or-human/{class}/*, validation-horse-or-human/{class}/*]"],
    ),
    "sets with the name of the dataset": (
        "{f_train,f_test}/{a,b}",
        ["{train: f_train/{class}/*, test: f_test/{class}/*}"],
    ),
    "Intel's scenes": (
        "{seg_train/seg_train,seg_test/seg_test}/{a,b} seg_pred/seg_pred",
        [
            "{train: seg_train/seg_train/{class}/*, test: seg_test/seg_test/{class}/*, "
            "unused: [seg_pred/seg_pred/*]}"
        ],
    ),
    "days": (
        "{2024-05-01,2024-05-02,2024-05-03,2024-05-04}/{ok,defect}",
        ["{group}/{class}/*"],
    ),
    "cameras": ("{camera1,camera2}/{cat,dog}", ["*/{class}/*"]),
    "folds": ("{fold_0,fold_1,fold_2,fold_3}/{cat,dog}", ["{group}/{class}/*"]),
    "patients": ("{cat,dog}/{patient_1,patient_2,patient_3,patient_4}", ["{class}/{group}/*"]),
    "patients with one diagnosis": (
        "{p1,p2,p3,p4}/well {p5,p6,p7,p8}/ill",
        ["{group}/{class}/*"],
    ),
    "writers": (
        "{circle,cross,line}/{anna,ben,cem,dan}",
        ["*/{class}/*", "{class}/{group}/*"],
    ),
    "cities": ("{Berlin,Paris}/{ill,well}", ["*/{class}/*", "{class}/*/*"]),
    "domains of PACS": (
        "{art,photo,sketch,cartoon}/{dog,horse,bear,ape}",
        ["{group}/{class}/*", "{class}/{group}/*"],
    ),
    "domains of Office-31": (
        "{amazon,dslr}/images/{a,b}",
        ["*/images/{class}/*", "{class}/images/*/*"],
    ),
    "sets in another language": (
        "训练集/{a,b,c,d} 测试集/{a,b}",
        [
            "{class}/*/*",
            "{train: 训练集/{class}/*, test: 测试集/{class}/*}",
        ],
    ),
    "classes valid and invalid": ("{valid,invalid}", ["{class}/*"]),
    "valves": ("{valve_ok,valve_defect}", ["{class}/*"]),
    "tests": ("{positive_test,negative_test}", ["{class}/*"]),
    "thumbnails": ("{a,b} {a,b}/thumbs", ["[{class}/*, {class}/thumbs/*]", "{class}/*"]),
    "masks": ("{a,b}/{images,masks}", ["{files: {class}/images/*, unused: [**/masks/*]}"]),
    "a folder more for one class": ("{a,b} {a}/2023", ["[{class}/*, {class}/2023/*]"]),
    "labelled and unlabelled": (
        "labeled/{a,b} unlabeled",
        ["{files: labeled/{class}/*, unused: [unlabeled/*]}"],
    ),
    "Tiny ImageNet": (
        "train/{a,b}/images {val,test}/images",
        ["{files: train/{class}/images/*, unused: [test/images/*, val/images/*]}"],
    ),
    "fruits of 360 degrees": (
        "{Training,Test}/{a,b} test-multiple_fruits",
        ["{train: Training/{class}/*, test: Test/{class}/*, unused: [test-multiple_fruits/*]}"],
    ),
    "numbered classes": (
        "{01,12}/{anna,ben}",
        ["*/{class}/*", "{class}/*/*"],
    ),
    "a class that is called train": ("{train,bus,car}", ["{class}/*"]),
    "a doubtful class": ("{test,control}", ["{class}/*"]),
    "only days": ("{2024-05-01,2024-05-02}", ["{class}/*"]),
    "only parts": ("{part_1,part_2}", ["{class}/*"]),
    "a validation set beside the classes": ("{a,b} val/{a,b}", ["[{class}/*, val/{class}/*]"]),
    "a test set beside the classes": (
        "{a,b} test/{a,b}",
        ["{train: {class}/*, test: test/{class}/*}"],
    ),
    "a class with subfolders": (
        "{cats,dogs} birds/{robin,sparrow}",
        ["[{class}/*, birds/{class}/*]", "[{class}/*, {class}/*/*]"],
    ),
    "breeds of dogs": (
        "cats dogs/{husky,poodle}",
        ["dogs/{class}/*", "[{class}/*, {class}/*/*]"],
    ),
    "thumbnails in folders of images": (
        "{a,b}/images {a,b}/images/thumbs",
        ["[{class}/images/*, {class}/images/thumbs/*]", "{class}/images/*"],
    ),
    "three levels": (
        "{a,b}/{c,d}/{e,f}",
        ["{class}/*/*/*", "*/{class}/*/*", "*/*/{class}/*"],
    ),
}

# Those of them that only the owner can decide, although there is one way.
DOUBTFUL = {"only days", "only parts"}

# Names of pictures, and the pattern that finds their classes, or "".
NAMES = {
    "cat.{n}.jpg, dog.{n}.jpg": "{class}.#.*",
    "american_bulldog_{n}.jpg, beagle_{n}.jpg": "{class}_#.*",
    "great_auk ({n}).jpg, emu ({n}).jpg": "{class} (#).*",
    "n01440_{n}.png, n01441_{n}.png": "{class}_#.*",
    "obj1__{n}.png, obj2__{n}.png": "{class}__#.*",
    "cat{n}.png, dog{n}.png": "{class}#.*",
    "cat.IMG_{n}.jpg.3l1k.jpg, dog.IMG_{n}.jpg.3l1k.jpg": "{class}.IMG_#.*",
    "surgical_mask_{n}.jpg, bare_{n}.jpg": "{class}_#.*",
    "IMG_{n}.jpg": "",
    "{n}.jpg": "",
}


def expand(text: str) -> list[str]:
    """Return the texts that a text with {a,b} stands for."""
    match = re.search(r"\{([^{}]*,[^{}]*|\w)\}", text)
    if match is None:
        return [text]
    options = match[1].split(",")
    return [
        each
        for option in options
        for each in expand(text[: match.start()] + option + text[match.end() :])
    ]


def write_files(root: Path, names: list[str]) -> None:
    """Write files that differ, and that nobody has to read as pictures."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def write_tree(root: Path, folders: str) -> None:
    """Write pictures into each folder of a text. Those of `thumbs` have the same names."""
    for text in folders.split(" "):
        for folder in expand(text):
            stem = folder.replace("/thumbs", "").replace("/", "_")
            names = [f"{folder}/{stem}_{number}.png" for number in range(N_PICTURES)]
            write_files(root, names)


def plain(layout: Any) -> str:
    """Return a layout without quotation marks."""
    return layout if isinstance(layout, str) else write(layout).replace('"', "")


def find_ways(root: Path) -> list[str]:
    """Return the layout that is chosen, or those that are shown."""
    try:
        return [plain(choose(Place(root)).layout)]
    except ChoiceError as error:
        options = [line for line in error.lines if line.startswith("  digits start ")]
        return [option.split("'")[1].replace('"', "") for option in options]


@pytest.mark.parametrize(("folders", "ways"), TREES.values(), ids=TREES)
def test_folders_are_understood_or_all_ways_are_shown(
    folders: str, ways: list[str], tmp_path: Path
) -> None:
    write_tree(tmp_path, folders)
    assert find_ways(tmp_path) == ways


@pytest.mark.parametrize("name", sorted(DOUBTFUL))
def test_a_single_doubtful_way_is_not_taken(name: str, tmp_path: Path) -> None:
    write_tree(tmp_path, TREES[name][0])
    with pytest.raises(ChoiceError, match="only in a doubtful way"):
        choose(Place(tmp_path))


@pytest.mark.parametrize(("names", "pattern"), NAMES.items(), ids=NAMES)
def test_names_of_pictures_may_begin_with_the_class(
    names: str, pattern: str, tmp_path: Path
) -> None:
    for name in names.split(", "):
        write_files(tmp_path, [name.replace("{n}", str(n)) for n in range(N_PICTURES)])
    assert find_ways(tmp_path) == ([pattern] if pattern else [])


def test_a_path_that_fits_a_layout_in_two_ways_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, [f"{name}_{n}.jpg" for name in ("a_b", "c") for n in range(4)])
    with pytest.raises(ChoiceError, match=r"in two ways, with the class a, or a_b; write #"):
        choose(Place(tmp_path), "{class}_*.jpg")


def test_the_layout_of_the_owner_names_what_it_does_not_use(tmp_path: Path) -> None:
    write_tree(tmp_path, "{a,b}/{c,d} more")
    choice = choose(Place(tmp_path), "{class}/c/*")
    assert choice.layout == {"files": "{class}/c/*", "unused": ["*/d/*", "more/*"]}
    assert len(choice.reading.left_out) == 3 * N_PICTURES


def test_nothing_is_proposed_for_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is empty; put your images into it"):
        choose(Place(tmp_path))


@pytest.mark.parametrize(
    "names", [["train_cat", "test_cat"], ["2019-01-05_cat", "2019-01-06_cat"]]
)
def test_names_of_pictures_that_begin_with_a_set_or_a_date_are_doubted(
    names: list[str], tmp_path: Path
) -> None:
    write_files(tmp_path, [f"{name}_{n}.png" for name in names for n in range(N_PICTURES)])
    with pytest.raises(ChoiceError, match="only in a doubtful way"):
        choose(Place(tmp_path))


def test_classes_that_were_unpacked_twice_are_read_once(tmp_path: Path) -> None:
    for folder in ["", "archive/"]:
        for name in ["rock", "paper"]:
            path = tmp_path / folder / name
            path.mkdir(parents=True)
            for number in range(N_PICTURES):
                (path / f"{name}{number}.png").write_bytes(f"{name} {number}".encode())
    layout = {"files": "{class}/*", "unused": ["archive/*/*"]}
    assert choose(Place(tmp_path)).layout == layout


def test_a_test_set_of_equally_large_files_is_no_copy(tmp_path: Path) -> None:
    for name in ["train/a", "train/b", "test/images/a", "test/images/b"]:
        files = [f"{name}/{n}.bmp" for n in range(N_PICTURES)]
        write_files(tmp_path, files)
        for file in files:
            (tmp_path / file).write_bytes(file.rjust(50).encode())
    layout = {"train": "train/{class}/*", "test": "test/images/{class}/*"}
    assert choose(Place(tmp_path)).layout == layout
