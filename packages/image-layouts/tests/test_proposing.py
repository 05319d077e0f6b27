"""Layouts that `digits start` proposes for somebody's files, and what it lets the owner choose."""

import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import yaml

from digits.messages import errors as digits_errors
from image_layouts import errors as layout_errors
from image_layouts.layout.place import Place
from image_layouts.proposing.arrays import describe_colors
from image_layouts.proposing.choose import (
    ChoiceError,
    choose,
    describe,
    describe_choice,
    summarize,
)
from image_layouts.proposing.columns import may_have_groups
from image_layouts.proposing.folders import enter_folders
from image_layouts.proposing.show import write, write_option
from tests.helpers.digit_files import (
    LABELS,
    PIXELS,
    TEST,
    TRAIN,
    make_table,
    write_flat,
    write_picture,
)
from tests.helpers.hugging_face import write_pictures

UserError: Any = (digits_errors.UserError, layout_errors.LayoutError)

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
    "patients with a capital": (
        "{cat,dog}/{Patient_1,Patient_2,Patient_3,Patient_4}",
        ["{class}/{group}/*"],
    ),
    "patients with one diagnosis": (
        "{p1,p2,p3,p4}/well {p5,p6,p7,p8}/ill",
        ["{group}/{class}/*"],
    ),
    "writers": (
        "{circle,cross,line}/{anna,ben,cem,dan}",
        ["*/{class}/*", "{class}/{group}/*", "{class}/{class}/*"],
    ),
    "too few writers": (
        "{circle,cross,line}/{anna,ben,cem}",
        ["*/{class}/*", "{class}/*/*", "{class}/{class}/*"],
    ),
    "writers of two sets": (
        "train/{a,b}/{anna,ben,cem} test/{a,b}/dan",
        ["{train: train/{class}/{group}/*, test: test/{class}/{group}/*}"],
    ),
    "too few writers of the training set": (
        "train/{a,b}/{anna,ben} test/{a,b}/{cem,dan}",
        ["{train: train/{class}/*/*, test: test/{class}/*/*}"],
    ),
    "cities": (
        "{Berlin,Paris}/{ill,well}",
        ["*/{class}/*", "{class}/*/*", "{class}/{class}/*"],
    ),
    "domains of PACS": (
        "{art,photo,sketch,cartoon}/{dog,horse,bear,ape}",
        ["{group}/{class}/*", "{class}/{group}/*", "{class}/{class}/*"],
    ),
    "domains of Office-31": (
        "{amazon,dslr}/images/{a,b}",
        ["*/images/{class}/*", "{class}/images/*/*", "{class}/images/{class}/*"],
    ),
    "sets in another language": (
        "训练集/{a,b,c,d} 测试集/{a,b}",
        ["*/{class}/*", "{class}/*/*", "{class}/{class}/*"],
    ),
    "letters of alphabets": (
        "{greek,latin}/{letter01,letter02}",
        ["*/{class}/*", "{class}/*/*", "{class}/{class}/*"],
    ),
    "classes valid and invalid": ("{valid,invalid}", ["{class}/*"]),
    "valves": ("{valve_ok,valve_defect}", ["{class}/*"]),
    "tests": ("{positive_test,negative_test}", ["{class}/*"]),
    "thumbnails": (
        "{a,b} {a,b}/thumbs",
        [
            "{files: {class}/*, unused: [*/thumbs/**/*]}",
            "[{class}/*, {class}/thumbs/*]",
        ],
    ),
    "masks": ("{a,b}/{images,masks}", ["{files: {class}/images/*, unused: [**/masks/*]}"]),
    "a folder more for one class": ("{a,b} {a}/2023", ["[{class}/*, {class}/2023/*]"]),
    "labelled and unlabelled": (
        "labeled/{a,b} unlabeled",
        ["{files: labeled/{class}/*, unused: [unlabeled/**/*]}"],
    ),
    "unlabelled beside the classes": (
        "{a,b} unlabelled",
        ["{files: {class}/*, unused: [unlabelled/**/*]}"],
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
        ["*/{class}/*", "{class}/*/*", "{class}/{class}/*"],
    ),
    "a class that is called train": ("{train,bus,car}", ["{class}/*"]),
    "a doubtful class": ("{test,control}", ["{class}/*"]),
    "only days": ("{2024-05-01,2024-05-02}", ["{class}/*"]),
    "only days with names": ("{Day1,Day2}", ["{class}/*"]),
    "days with places": ("{2024-05-01_Rome,2024-05-02_Paris}", ["{class}/*"]),
    "a test set of one class": (
        "train/{a,b} test/a",
        ["{train: train/{class}/*, test: test/{class}/*}"],
    ),
    "only parts": ("{part_1,part_2}", ["{class}/*"]),
    "only codes of people": ("{AF01,AF02,BM01,BM02}", ["{class}/*"]),
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
        [
            "{files: {class}/images/*, unused: [*/*/thumbs/**/*]}",
            "[{class}/images/*, {class}/images/thumbs/*]",
        ],
    ),
    "three levels": (
        "{a,b}/{c,d}/{e,f}",
        ["{class}/*/*/*", "*/{class}/*/*", "*/*/{class}/*"],
    ),
}

# Those of them that only the owner can decide, although there is one way.
DOUBTFUL = {
    "a test set of one class",
    "only days",
    "only days with names",
    "days with places",
    "only parts",
    "only codes of people",
}

# Names of pictures, and the pattern that finds their classes, or "".
NAMES = {
    "cat.{n}.jpg, dog.{n}.jpg": "{class}.#.*",
    "american_bulldog_{n}.jpg, beagle_{n}.jpg": "{class}_#.*",
    "great_auk ({n}).jpg, emu ({n}).jpg": "{class} (#).*",
    "n01440_{n}.png, n01441_{n}.png": "{class}_#.*",
    "obj1__{n}.png, obj2__{n}.png": "{class}__#.*",
    "cat{n}.png, dog{n}.png": "{class}#.*",
    "cat.IMG_{n}.jpg.3l1k.jpg, dog.IMG_{n}.jpg.3l1k.jpg": "{class}.IMG_#.*",
    "cat.IMG_{n}.jpg, rat.IMG_{n}.jpg": "{class}.IMG_#.*",
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


@pytest.mark.parametrize(
    "folders",
    [
        "{20240501_apple,pear}",
        "{left_hand,right_hand}",
        "{study1_a,b}",
        "{mask,hat}",
        "{apple,apple_rotten,pear,pear_rotten}",
        "{clay1,clay2,sand1,sand2}",
    ],
)
def test_classes_of_which_only_some_words_are_doubtful_are_taken(
    folders: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, folders)
    assert choose(Place(tmp_path)).layout == "{class}/*"


def test_columns_with_many_blanks_are_shown_last(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(40)]
    write_files(tmp_path, names)
    half = [f"{'ab'[row % 2] if row % 4 < 3 else ''}" for row in range(40)]
    table = pd.DataFrame({"file": names, "smoker": half})
    table["diagnosis"] = [f"d{row % 3}" for row in range(40)]
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path))
    shown = [line for line in error.value.lines if not line.startswith("    ")]
    assert shown == ["  digits start --class diagnosis", "  digits start --class smoker"]


def test_folders_whose_end_is_the_class_are_used(tmp_path: Path) -> None:
    """They are as in MURA, where each study of a patient is positive or negative."""
    write_tree(tmp_path, "{p1,p2,p3,p4}/study{1,2}_{negative,positive}")
    choice = choose(Place(tmp_path), "{group}/*_{class}/*")
    assert not any("are not used" in line for line in describe(choice))


@pytest.mark.parametrize(
    ("numbers", "is_grade"),
    [
        (["0", "0.33", "0.67", "1"], True),
        (["0", "0,5"], True),
        (["0", ".5"], True),
        (["0.1", "7.5"], False),
    ],
)
def test_a_column_that_may_have_grades_is_asked_about(
    numbers: list[str], is_grade: bool, tmp_path: Path
) -> None:
    names = [f"{number}.png" for number in range(40)]
    write_files(tmp_path, names)
    table = pd.DataFrame({"file": names, "kind": ["mono", "poly", "poly"] * 13 + ["mono"]})
    table["defect"] = [numbers[row % len(numbers)] for row in range(40)]
    table.to_csv(tmp_path / "t.csv", index=False)
    if is_grade:
        with pytest.raises(ChoiceError) as error:
            choose(Place(tmp_path))
        said = [line.strip() for line in error.value.lines]
        assert "doubt: fractions would be classes, which may be a quantity" in said
        assert len(find_ways(tmp_path)) == 2
    else:
        assert "defect is a quantity" in "\n".join(describe(choose(Place(tmp_path))))


@pytest.mark.parametrize(("n_values", "n_images"), [(12, 200), (13, 200), (12, 47)])
def test_only_a_few_fractions_can_be_chosen_as_classes(
    n_values: int, n_images: int, tmp_path: Path
) -> None:
    names = [f"{number}.png" for number in range(n_images)]
    write_files(tmp_path, names)
    scores = [row % n_values / 20 for row in range(n_images)]
    pd.DataFrame({"file": names, "score": scores}).to_csv(tmp_path / "t.csv", index=False)
    are_few = n_values <= 12 and n_images >= 4 * n_values
    refusal = pytest.raises(ChoiceError, match="score is a quantity")
    with nullcontext() if are_few else refusal:
        choose(Place(tmp_path), columns={"class": "score"})


def test_a_layout_is_shown_in_yaml_of_one_line() -> None:
    layout = {"file": "{No}.png", "class": "No", "unused": [{"where": {"a b": ["null", "1"]}}]}
    text = write(layout)
    assert "\n" not in text
    assert "'" not in text
    assert yaml.safe_load(text) == layout


@pytest.mark.parametrize(("n_ways", "rest"), [(6, []), (7, ["  and 1 more: --class skin"])])
def test_of_many_ways_the_first_are_shown_and_the_others_are_counted(
    n_ways: int, rest: list[str], tmp_path: Path
) -> None:
    columns = ["ear", "eye", "leg", "paw", "fur", "tail", "skin"]
    names = [f"{number}.png" for number in range(30)]
    write_files(tmp_path, names)
    table = pd.DataFrame({"file": names})
    for number, column in enumerate(columns[:n_ways], start=2):
        table[column] = [f"{column} {row % number}" for row in range(30)]
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ChoiceError, match=f"in these {n_ways} ways") as raised:
        choose(Place(tmp_path))
    shown = [line for line in raised.value.lines if not line.startswith("    ")]
    assert shown == [*(f"  digits start --class {name}" for name in columns[:6]), *rest]


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
    assert len(choice.reading.unused_pictures) == 3 * N_PICTURES


def test_what_the_owner_names_unused_stays_so(tmp_path: Path) -> None:
    write_tree(tmp_path, "{a,b}/{c,d} more")
    choice = choose(Place(tmp_path), {"files": "{class}/c/*", "unused": "more/*"})
    assert choice.layout == {"files": "{class}/c/*", "unused": ["more/*", "*/d/*"]}


def test_of_images_that_are_all_used_only_the_layout_and_one_image_are_said(
    tmp_path: Path,
) -> None:
    write_tree(tmp_path / "pictures", "{cat,dog}")
    assert describe(choose(Place(tmp_path / "pictures"))) == [
        'layout: "{class}/*"',
        "cat/cat_0.png → class cat",
    ]
    images = np.arange(20 * 64).reshape(20, 8, 8) % 256
    np.savez(tmp_path / "a.npz", x=images, y=np.arange(20) % 2)
    assert describe(choose(Place(tmp_path / "a.npz")))[1:] == ["image 1 → class 0"]


def test_nothing_is_proposed_for_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is empty; put your images into it"):
        choose(Place(tmp_path))


@pytest.mark.parametrize("folder", ["masks", "ground_truth", "segmentations"])
def test_photos_and_their_masks_are_no_classes(folder: str, tmp_path: Path) -> None:
    write_numbered(tmp_path, ["images/00{n}.png", f"{folder}/00{{n}}.png"])
    with pytest.raises(ChoiceError, match="only in a doubtful way"):
        choose(Place(tmp_path))


def test_studies_that_differ_in_a_number_are_doubted(tmp_path: Path) -> None:
    names = ["study1_ill", "study1_well", "study2_ill"]
    write_numbered(tmp_path, [f"{name}/{{n}}.png" for name in names])
    with pytest.raises(ChoiceError, match="only in a doubtful way") as error:
        choose(Place(tmp_path))
    assert (
        "    doubt: study1_ill, study1_well, study2_ill would be classes" in error.value.lines
    )


@pytest.mark.parametrize(
    "names", [["train_cat", "test_cat"], ["2019-01-05_cat", "2019-01-06_cat"]]
)
def test_names_of_pictures_that_begin_with_a_set_or_a_date_are_doubted(
    names: list[str], tmp_path: Path
) -> None:
    write_files(tmp_path, [f"{name}_{n}.png" for name in names for n in range(N_PICTURES)])
    with pytest.raises(ChoiceError, match="only in a doubtful way"):
        choose(Place(tmp_path))


@pytest.mark.parametrize(
    ("names", "doubt"),
    [
        pytest.param(
            ["a/train_{n}.bmp", "a/testA_{n}.bmp", "b/train_{n}.bmp", "b/testB_{n}.bmp"],
            "24 pictures of the training set are called like a test set, first a/testA_0.bmp; "
            "if they are one, write their pattern into the key `test`",
            id="a test set in names, as in GlaS",
        ),
        pytest.param(["a/test_{n}.bmp", "b/test_{n}.bmp"], "", id="all are called test"),
        pytest.param(["a/t{n}.bmp", "b/tester_{n}.bmp"], "", id="another word"),
    ],
)
def test_training_images_that_are_called_like_a_test_set_are_doubted(
    names: list[str], doubt: str, tmp_path: Path
) -> None:
    write_numbered(tmp_path, names)
    chosen = choose(Place(tmp_path), "{class}/*")
    assert list(chosen.doubts) == ([doubt] if doubt else [])
    assert [line for line in describe(chosen) if "look:" in line] == (
        [f"look: {doubt}"] if doubt else []
    )


def test_a_layout_that_leaves_out_a_folder_beside_its_classes_is_doubted(
    tmp_path: Path,
) -> None:
    write_numbered(
        tmp_path, ["a/x/{n}.png", "b/y/{n}.png", "c/{n}.png", "{n}.png", "d/e/1.png"]
    )
    doubts = choose(Place(tmp_path), {"files": "{class}/*/*", "unused": ["d/**/*"]}).doubts
    assert list(doubts) == ["the folders c, beside those of classes, are not used"]


def write_contents(folder: Path, text: str) -> None:
    """Write twelve different files, whose contents follow from a text and their numbers."""
    folder.mkdir(parents=True)
    for number in range(N_PICTURES):
        (folder / f"{number}.png").write_bytes(f"{text} {number}".encode())


def test_classes_that_were_unpacked_twice_are_read_once(tmp_path: Path) -> None:
    for folder in ["", "archive/"]:
        for name in ["rock", "paper"]:
            write_contents(tmp_path / folder / name, name)
    layout = {"files": "{class}/*", "unused": ["archive/*/*"]}
    assert choose(Place(tmp_path)).layout == layout


def test_pictures_that_are_in_two_folders_are_read_once(tmp_path: Path) -> None:
    for name in ["Cat", "Dog"]:
        write_contents(tmp_path / "Pets" / name, name)
        write_contents(tmp_path / "pets(1)" / name.lower(), name)
    layout = {"files": "Pets/{class}/*", "unused": ["pets(1)/*/*"]}
    assert choose(Place(tmp_path)).layout == layout


def test_pictures_of_the_same_size_and_time_are_no_copies(tmp_path: Path) -> None:
    for folder in ["one", "two"]:
        for name in ["cat", "dog"]:
            write_contents(tmp_path / folder / name, f"{folder} {name}")
            for path in (tmp_path / folder / name).iterdir():
                os.utime(path, (0, 0))
    assert find_ways(tmp_path) == ["*/{class}/*", "{class}/*/*", "{class}/{class}/*"]


def test_classes_with_equal_pictures_are_read(tmp_path: Path) -> None:
    for name in ["cat", "dog"]:
        write_contents(tmp_path / name, "the same")
    assert choose(Place(tmp_path)).layout == "{class}/*"


@pytest.mark.parametrize(
    ("table", "is_doubt"),
    [
        ("patient,cancer\n{n},{odd}\n", True),
        ("patient,side,cancer\n{n},left,0\n{n},right,{odd}\n", True),
        ("name,words\n{n},word {n}\n", False),  # a list of the classes
        ("id,fold\n{n},{odd}\n1{n},{odd}\n2{n},{odd}\n", False),  # other things
        ("patient,cancer,file\n{n},{odd},scans/{n}.png\n", False),  # other pictures
    ],
)
def test_classes_that_are_ids_in_a_table_are_doubted(
    table: str, is_doubt: bool, tmp_path: Path
) -> None:
    write_numbered(tmp_path, [f"scans/{number}/{{n}}.png" for number in range(40, 50)])
    header, rows = table.split("\n", 1)
    lines = [rows.format(n=number, odd=number % 2) for number in range(40, 50)]
    (tmp_path / "t.csv").write_text(f"{header}\n{''.join(lines)}")
    try:
        choose(Place(tmp_path))
        said = []
    except ChoiceError as error:
        said = [line.strip() for line in error.lines]
    doubt = (
        "doubt: the classes are ids in the column patient of t.csv, which may have their "
        "classes; if so, write a table labels.csv with the columns file and class"
    )
    assert (doubt in said) == is_doubt


@pytest.mark.parametrize("n_rows", [24, 6])
def test_a_table_of_most_pictures_that_fails_is_a_doubt(n_rows: int, tmp_path: Path) -> None:
    write_numbered(tmp_path, ["red_{n}.png", "blue_{n}.png"])
    names = [f"{color}_{n}.png" for n in range(12) for color in ("red", "blue")]
    rows = [f"{name},{'ab'[n % 4 // 2]}\n" for n, name in enumerate(names[1:n_rows])]
    (tmp_path / "t.csv").write_text(f"file,label\n{names[0]},\n{''.join(rows)}")
    try:
        said = describe(choose(Place(tmp_path)))
    except ChoiceError as error:
        said = [line.strip() for line in error.lines]
    doubts = [line for line in said if line.startswith("doubt: {table: t.csv")]
    assert len(doubts) == (n_rows == 24)


def test_a_column_of_quantities_beside_one_of_classes_is_named(tmp_path: Path) -> None:
    write_numbered(tmp_path, ["cell{n}.png"])
    rows = [f"cell{n}.png,0.{3 * (n % 4)},{'mono' if n < 6 else 'poly'}\n" for n in range(12)]
    (tmp_path / "t.csv").write_text(f"path,probability,type\n{''.join(rows)}")
    said = "\n".join(describe(choose(Place(tmp_path))))
    assert "class: probability}: probability is a quantity, such as 0.3" in said


def test_masks_are_not_read_in_place_of_pictures_whose_classes_cannot_be_read(
    tmp_path: Path,
) -> None:
    names = [
        f"{'uvwxy'[n % 5]}_{name}_{n}" for n in range(15) for name in ("001.red_cat", "002.dog")
    ]
    for path in ("{}.png", "masks/{}_mask.png"):
        write_files(tmp_path, [path.format(name) for name in names])
    assert find_ways(tmp_path) == []


def test_a_folder_that_may_be_the_test_set_is_named(tmp_path: Path) -> None:
    folders = ["tiles/x", "tiles/y", "VAL-tiles7k/x", "VAL-tiles7k/y"]
    write_numbered(tmp_path, [f"{folder}/{{n}}.png" for folder in folders])
    lines = describe(choose(Place(tmp_path), "*/{class}/*"))
    assert any(
        "if VAL-tiles7k is the test set, give its pattern by `--test`" in x for x in lines
    )


def test_the_smaller_one_of_two_folders_with_all_classes_may_be_the_test_set(
    tmp_path: Path,
) -> None:
    folders = ["all/entrenamiento/x", "all/entrenamiento/y", "all/prueba/x"]
    write_numbered(tmp_path, [f"{folder}/{{n}}.png" for folder in folders])
    command = (
        "; if prueba is the test set, run: digits start --layout 'all/entrenamiento/{class}/*' "
        "--test 'all/prueba/{class}/*'; if they"
    )
    for may_be_set in (False, True):
        hints = "\n".join(describe(choose(Place(tmp_path), "all/*/{class}/*")))
        assert (command in hints) == may_be_set
        write_files(tmp_path, ["all/prueba/y/1.png"])


def test_a_folder_called_like_a_part_is_no_class(tmp_path: Path) -> None:
    write_numbered(tmp_path, ["faces/{n}.png", "faces_part1/{n}.png"])
    with pytest.raises(ChoiceError, match="only in a doubtful way") as error:
        choose(Place(tmp_path))
    assert "    doubt: faces, faces_part1 would be classes" in error.value.lines


def test_a_test_set_of_equally_large_files_is_no_copy(tmp_path: Path) -> None:
    for name in ["train/a", "train/b", "test/images/a", "test/images/b"]:
        files = [f"{name}/{n}.bmp" for n in range(N_PICTURES)]
        write_files(tmp_path, files)
        for file in files:
            (tmp_path / file).write_bytes(file.rjust(50).encode())
    layout = {"train": "train/{class}/*", "test": "test/images/{class}/*"}
    assert choose(Place(tmp_path)).layout == layout


def write_numbered(root: Path, patterns: list[str]) -> None:
    """Write twelve files of each name, in which {n} is their number, and {t} a third of it."""
    for number in range(N_PICTURES):
        numbers = {"n": number, "t": number // 3}
        write_files(root, [pattern.format_map(numbers) for pattern in patterns])


@pytest.mark.parametrize(
    ("names", "given", "unused"),
    [
        pytest.param(
            ["a/c/{n}.png", "a/d/{n}.png", "b/e/{n}.png", "b/f/{n}.png"],
            "a/{class}/*",
            ["b/*/*"],
            id="a pattern",
        ),
        pytest.param(
            ["a/c/{n}.png", "a/d/{n}.png", "b/e/{n}.png", "g/f/{n}.png"],
            "a/{class}/*",
            ["b/e/*", "g/f/*"],
            id="folders, because */*/* are others, too",
        ),
        pytest.param(
            ["cat_{n}.png", "dog_{n}.png", "back#1.png", "cover.png"],
            "{class}_#.png",
            ["back[#]1.png", "cover.png"],
            id="names, because * are others, too",
        ),
        pytest.param(
            ["a/cat_{n}.png", "a/dog_{n}.png", "a/cover.png", "b/{n}.png"],
            "a/{class}_#.png",
            ["a/cover.png", *sorted(f"b/{number}.png" for number in range(N_PICTURES))],
            id="names in two folders",
        ),
    ],
)
def test_only_pictures_that_are_not_used_are_named_unused(
    names: list[str], given: str, unused: list[str], tmp_path: Path
) -> None:
    write_numbered(tmp_path, names)
    choice = choose(Place(tmp_path), given)
    assert choice.layout == {"files": given, "unused": unused}
    assert len(choice.rows) == 2 * N_PICTURES
    assert choice.reading.unmatched == []


def write_groups(root: Path, n_groups: list[int], folder: str = "") -> None:
    """Write a picture for each group of each class."""
    for class_name, number in zip("abcd", n_groups, strict=False):
        write_files(
            root, [f"{folder}{class_name}/{n}/{class_name}{n}.png" for n in range(number)]
        )


@pytest.mark.parametrize("n_groups", [[2, 2], [1, 2], [1, 1, 2, 2]])
def test_groups_are_read_if_at_least_half_of_the_classes_have_several(
    n_groups: list[int], tmp_path: Path
) -> None:
    write_groups(tmp_path, n_groups)
    rows = choose(Place(tmp_path), "{class}/{group}/*").rows
    assert rows.groupby("class")["group"].nunique().tolist() == n_groups


@pytest.mark.parametrize("n_groups", [[1, 1], [2, 1, 1], [3, 1, 1, 1]])
def test_groups_are_refused_if_most_classes_have_only_one(
    n_groups: list[int], tmp_path: Path
) -> None:
    write_groups(tmp_path, n_groups)
    name = "abcd"[n_groups.index(1)]
    line = rf"the class {name} has too few groups \(1, expected 4\); if that is wrong"
    with pytest.raises(ChoiceError, match=line):
        choose(Place(tmp_path), "{class}/{group}/*")


def test_groups_of_the_test_set_do_not_count_for_the_training_set(tmp_path: Path) -> None:
    write_groups(tmp_path, [1, 1], "train/")
    for number in (7, 8):
        write_files(tmp_path, [f"test/{name}/{number}/{name}.png" for name in "ab"])
    given = {name: name + "/{class}/{group}/*" for name in ("train", "test")}
    with pytest.raises(ChoiceError, match=r"class a has too few groups \(1, expected 3\)"):
        choose(Place(tmp_path), given)


# Names of files, as `write_numbered` writes them, and the layout, or the ways that are shown.
PUBLIC = {
    "photos and masks without classes, as of leeds": (
        ["images/00{n}.png", "masks/00{n}.png"],
        ["{class}/*"],
    ),
    "masks with capitals": (
        ["a/{n}.png", "b/{n}.png", "a/{n}_Mask.png", "b/{n}_Mask.png"],
        ["{files: {class}/*, unused: [**/*_Mask.*]}"],
    ),
    "small versions of both sets": (
        [
            f"{top}{subset}/{name}/{{n}}.png"
            for top in ("", "small/")
            for subset in ("train", "test")
            for name in "ab"
        ],
        [
            "{train: train/{class}/*, test: test/{class}/*, unused: [small/**/*]}",
            "{train: [train/{class}/*, small/train/{class}/*], "
            "test: [test/{class}/*, small/test/{class}/*]}",
        ],
    ),
    "numbers inside the names of pictures": (
        [f"{n}f{{n}}_{n}.png" for n in range(1, 4)],
        ["*_{class}.*"],
    ),
    "a class as the last of several numbers, as in ESC-50": (
        [
            f"fold{fold}/{fold}-{fold}{ord(letter)}{number}{{n}}-{letter}-{number}.png"
            for fold in range(1, 6)
            for letter in "AB"
            for number in (0, 7)
        ],
        [
            "{group}/*-*-{class}-*.*",
            "{group}/*-*-{class}-{group}.*",
            "{group}/*-*-*-{class}.*",
            "{group}/*-*-{group}-{class}.*",
        ],
    ),
    "a folder for each person, and classes in the names, as in MRL Eye": (
        [
            f"s{person}/s{person}_{person}{eye}{lamp}{{n}}_{eye}_{lamp}.png"
            for person in range(1, 6)
            for eye in "01"
            for lamp in "12"
        ],
        [
            "{class}/*",
            "{group}/*_*_{class}_*.*",
            "{group}/*_*_{class}_{group}.*",
            "{group}/*_*_*_{class}.*",
            "{group}/*_*_{group}_{class}.*",
        ],
    ),
    **{
        f"masks in {folder} beside both sets, as in RIM-ONE": (
            [
                f"{place}/{name}/Im{end}.png"
                for name in ("ill", "well")
                for place, end in [
                    ("training_set", "{n}"),
                    ("test_set", "{n}"),
                    (folder, "{n}-1-Cup-T"),
                    (folder, "{n}-1-Disc-T"),
                    (folder, "{n}-2-Cup-T"),
                ]
            ],
            [
                '{train: "training_set/{class}/*", test: "test_set/{class}/*", '
                f'unused: ["{unused}"]}}'.replace('"', "")
            ],
        )
        for folder, unused in [("masks", "**/masks/**/*"), ("thumbnails", "thumbnails/*/*")]
    },
    "two partitions of the same pictures, as in RIM-ONE": (
        [
            f"{partition}/{subset}/{name}/r1_Im{{n}}.png"
            for partition in ("by_hospital", "randomly")
            for subset in ("training", "test")
            for name in ("ill", "well")
        ],
        [
            "{train: */training/{class}/*, test: */test/{class}/*}",
            "{train: {class}/training/*/*, test: {class}/test/*/*}",
            "{train: by_hospital/training/{class}/*, test: by_hospital/test/{class}/*}",
            "{train: randomly/training/{class}/*, test: randomly/test/{class}/*}",
            "{train: {class}/training/{class}/*, test: {class}/test/{class}/*}",
        ],
    ),
    "masks whose folders have other names, as in Fish4Knowledge": (
        [
            f"{kind}_image/{kind}_{n}/{kind}_{n}{{n}}.png"
            for kind in ("fish", "mask")
            for n in "123"
        ],
        ["{files: fish_image/{class}/*, unused: [**/mask_image/**/*]}"],
    ),
    "masks of Chars74K": (
        [f"{kind}/S{n}/img{n}-{{n}}.png" for kind in ("Bmp", "Msk") for n in ("001", "002")],
        ["{files: Bmp/{class}/*, unused: [**/Msk/**/*]}"],
    ),
    "studies of patients, as in MURA": (
        [
            f"{bone}/patient{patient}/study{study}_{name}/image{{n}}.png"
            for bone in ("HAND", "WRIST")
            for patient, study, name in [
                *((n, 1, "negative") for n in range(1, 5)),
                *((n, 1, "positive") for n in range(5, 9)),
                (5, 2, "positive"),
            ]
        ],
        ["{class}/{group}/*/*", "*/{group}/*_{class}/*"],
    ),
    "scenes inside and outside, as in SUN397": (
        [
            f"{name}/x{{n}}.jpg"
            for name in ("a/abbey", "a/flat/outside", "b/church/inside", "b/church/outside")
        ],
        [
            "{class}/*/*/*",
            "*/*/{class}/*",
            "[{class}/*/*, {class}/*/*/*]",
            "[*/{class}/*, */{class}/{class}/*]",
        ],
    ),
    "masks below their pictures, as in DAGM": (
        [
            f"{name}/{subset}/{picture}.png"
            for name in "ab"
            for subset in ("Train", "Test")
            for picture in ("{n}", "Label/{n}_label")
        ],
        ["{train: {class}/Train/*, test: {class}/Test/*, unused: [**/Label/*]}"],
    ),
    "masks in a folder beside their pictures, as of fish": (
        [
            f"{name}/{name}{end}/{{n}}.png"
            for name in ("Sea Bass", "Trout")
            for end in ("", " GT")
        ],
        ["{files: */{class}/*, unused: [**/Sea Bass GT/*, **/Trout GT/*]}"],
    ),
    "masks of pictures in a folder with another name, as in AITEX": (
        [
            "Mask_images/{n}_02_mask.png",
            "Defect_images/{n}_02.png",
            "NODefect_images/{n}_00.png",
        ],
        ["{files: {class}/*, unused: [**/Mask_images/*]}"],
    ),
    "two masks of each picture, as in the scans of Montgomery": (
        [
            f"{folder}/MC_{{n}}_{label}.png"
            for folder in ("CXR", "ManualMask/leftMask", "ManualMask/rightMask")
            for label in (0, 1)
        ],
        ["{files: CXR/*_*_{class}.*, unused: [**/ManualMask/**/*]}"],
    ),
    "one mask or two of each picture, as in BUSI": (
        [
            *[
                f"{name}/{name} ({{n}}){end}.png"
                for name in ("ill", "well")
                for end in ("", "_mask")
            ],
            "ill/ill ({n})_mask_1.png",
        ],
        ["{files: {class}/*, unused: [**/*_mask*.*, **/*_mask.*]}"],
    ),
    "segmented pictures, as in Leafsnap": (
        [
            f"{folder}/{name}/{name}{{n}}.png"
            for folder in ("images", "segmented")
            for name in "ab"
        ],
        ["{files: images/{class}/*, unused: [**/segmented/**/*]}"],
    ),
    "test sets with letters, as in Raabin-WBC": (
        [
            f"{subset}/{name}/{subset}{{n}}.jpg"
            for subset in ("Train", "TestA", "TestB")
            for name in "ab"
        ],
        ["{train: Train/{class}/*, test: [TestA/{class}/*, TestB/{class}/*]}"],
    ),
    "folders of several depths, as of bone marrow": (
        [
            "bm/ABE/{n}.jpg",
            "bm/BLA/0001-1000/{n}.jpg",
            "bm/BLA/1001-2000/{n}.jpg",
            "bm/EOS/0001-1000/{n}.jpg",
            "bm/EOS/1001-2000/{n}.jpg",
        ],
        ["bm/*/{class}/*", "bm/{class}/{class}/*", "[bm/{class}/*, bm/{class}/*/*]"],
    ),
    "a training set of augmented pictures": (
        [f"{name}/{kind}/{{n}}.png" for name in ("train_augmented", "test") for kind in "xy"],
        ["{train: train_augmented/{class}/*, test: test/{class}/*}"],
    ),
    "two folders of each set, as of the hurricane": (
        [
            f"{name}/{kind}/{{n}}.png"
            for name in ("train_another", "validation_another", "test", "test_another")
            for kind in "xy"
        ],
        [
            "{train: [train_another/{class}/*, validation_another/{class}/*], "
            "test: [test/{class}/*, test_another/{class}/*]}",
        ],
    ),
    "trainval and test": (
        [f"{name}/{kind}/{{n}}.png" for name in ("trainval", "test") for kind in "xy"],
        ["{train: trainval/{class}/*, test: test/{class}/*}"],
    ),
    "pictures with and without augmentation": (
        [
            f"{name}_augmentation/{kind}/{{n}}.png"
            for name in ("with", "without")
            for kind in "xy"
        ],
        [
            "{files: without_augmentation/{class}/*, unused: [with_augmentation/**/*]}",
            "*/{class}/*",
            "{class}/*/*",
            "{class}/{class}/*",
        ],
    ),
    "pictures and a part of their silhouettes, as in UCI's leaves": (
        [
            *(f"RGB/{leaf}/C{leaf}_EX{{n}}_iPad.jpg" for leaf in ("1. oak", "2. elm")),
            *(f"BW/{leaf}/C{leaf}_EX{{n}}_iPad_B.tif" for leaf in ("1. oak", "2. elm")),
            "RGB/1. oak/C1. oak_EX99_iPad.jpg",
        ],
        ["*/{class}/*", "{class}/*/*", "BW/{class}/*", "RGB/{class}/*", "{class}/{class}/*"],
    ),
    "things of several kinds, as of ETH-80": (
        [f"{kind}{thing}/{{n}}.png" for kind in ("apple", "cow") for thing in range(1, 11)],
        ["{class}/*"],
    ),
    "thumbnails of a network drive": (
        [
            f"{kind}/{path}"
            for kind in "xy"
            for path in ("{n}.png", "@eaDir/{n}.png/THUMB_M.jpg")
        ],
        ["{class}/*"],
    ),
    "augmented pictures beside the original ones": (
        [
            "Original/x/{n}.png",
            "Original/y/{n}.png",
            "Augmented/x_augmented/{n}.png",
            "Augmented/y_augmented/{n}.png",
        ],
        [
            "{files: Original/{class}/*, unused: [Augmented/**/*]}",
            "{class}/*/*",
            "{class}/{class}/*",
        ],
    ),
    "numbered words, as in MADBase": (
        [f"w{n:03}_pass{p}_digit{d}.bmp" for n in range(9) for p in range(2) for d in range(5)],
        ["{class}_*_digit#.*", "{group}_{class}_digit#.*", "*_*_{class}.*"],
    ),
    "digits of speakers, as in FSDD": (
        [f"{digit}_{name}_{{n}}.png" for digit in "012" for name in ("ann", "bo", "cy", "di")],
        ["{class}_#.*", "{class}_{group}_#.*", "*_{class}_#.*"],
    ),
    "names of breeds": (
        ["english_setter_{n}.jpg", "irish_terrier_{n}.jpg", "welsh_corgi_{n}.jpg"],
        ["{class}_#.*"],
    ),
    "letters of writers, as in Tamil": (
        [f"usr_{user}/{letter:03}t{{t}}.tif" for user in range(1, 6) for letter in range(5)],
        ["{group}/{class}#.*", "{group}/{class}.*"],
    ),
    "pictures of people in emotions, as in JAFFE": (
        [
            f"{name}.{emotion}{{t}}.{{n}}.tif"
            for name in ("KA", "KL", "MK", "YM")
            for emotion in ("AN", "HA")
        ],
        ["{class}.{group}.*.*", "{group}.{class}#.*.*"],
    ),
    "signs in weather, as in CURE-TSR": (
        [
            f"{folder}/1_{sign}_{weather}_{{n}}.bmp"
            for folder, weather in [("Clear", 0), ("Blur", 1), ("Rain", 4), ("Haze", 9)]
            for sign in (1, 2, 3)
        ],
        ["{class}/*", "{group}/*_{class}_*_*.*"],
    ),
    "emotions that folders and names have": (
        [
            f"{emotion}/Rafd_{person}_{emotion}_{{n}}.jpg"
            for emotion in ("angry", "happy")
            for person in "1234"
        ],
        ["{class}/*"],
    ),
    "people with and without masks": (["with_mask/{n}.jpg", "bare/{n}.jpg"], ["{class}/*"]),
    "three classes, of which one is called mask": (
        ["mask/img_{n}.jpg", "bare/img_{n}.jpg", "cap/img_{n}.jpg"],
        ["{class}/*"],
    ),
    "only pictures of masks": (["mask/m_{n}.jpg", "labels/m_{n}.jpg"], ["{class}/*"]),
    "folders of the part that is segmented": (
        ["seg_train/a/{n}.jpg", "seg_train/b/{n}.jpg", "a/{n}.jpg"],
        ["{files: seg_train/{class}/*, unused: [a/*]}"],
    ),
}

# Names of files of two classes, and the hint that is given.
HINTS = {
    "people who may be the classes, as in the faces of Yale": (
        [f"subject0{{n}}.{name}.gif" for name in ("glad", "happy", "sad", "wink")],
        "if the groups, such as subject00, are the classes, run: digits start --layout "
        "'{class}.{group}.*'",
    ),
    "people with several pictures of each class": (
        [f"subject0{{t}}/{name}{{n}}.gif" for name in ("glad", "happy", "sad", "wink")],
        "if the groups, such as subject00, are the classes, run: digits start --layout "
        "'{class}/{group}#.*'",
    ),
    "depths beside colours": (
        [f"{name}/{kind}_00{{n}}.png" for name in ("cup", "pen") for kind in ("depth", "rgb")],
        "48 pictures differ only in the beginnings depth_, rgb_ of their names; if some of "
        "them are depths, masks or the like, write into the layout: unused: '**/depth_*'",
    ),
    "other pictures of the same classes": (
        [
            f"{folder}/{name}/{folder}{{n}}.png"
            for folder in ("train", "test", "small")
            for name in "ab"
        ],
        "24 pictures in folders of classes are not used, first small/a/small0.png",
    ),
    "series": (
        ["cat/CNV-{t}-{n}.jpg", "dog/DME-{t}-{n}.jpg"],
        "24 pictures are called like CNV-0-0.jpg, and may show only 8 things, such as CNV-0; if "
        "so, run: digits start --layout '{class}/{group}-#.*'",
    ),
    "series of several sets": (
        [
            f"{subset}/{name}/{subset}_{name}{{t}}_{{n}}.jpg"
            for subset in ("train", "val", "test")
            for name in ("cat", "dog")
        ],
        "72 pictures are called like train_cat0_0.jpg, and may show only 24 things, such as "
        "train_cat0; if so, run: digits start --layout '{train: "
        '["train/{class}/{group}_#.*", "val/{class}/{group}_#.*"], '
        'test: "test/{class}/{group}_#.*"}\'',
    ),
    "series beside masks": (
        [f"{name}/{name}{{t}}_{{n}}{end}.jpg" for name in "ab" for end in ("", "_mask")],
        "24 pictures are called like a0_0.jpg, and may show only 8 things, such as a0; if so, "
        'run: digits start --layout \'{files: "{class}/{group}_#.*", unused: ["**/*_mask.*"]}\'',
    ),
    "copies whose names end in a digit or a letter": (
        [
            "cat/cat{n}_jpg.rf.3f.jpg",
            "cat/cat{n}_jpg.rf.a1b2.jpg",
            "dog/dog{n}_jpg.rf.c{n}d{n}.jpg",
        ],
        "36 pictures are called like cat0_jpg.rf.3f.jpg, and may show only 24 things, such as "
        "cat0; if so, run: digits start --layout '{class}/{group}_jpg.rf.*.*'",
    ),
    "speakers who say all words": (
        [f"{word}/{{t}}eb3{{t}}fd_nohash_{{n}}.png" for word in ("yes", "no")],
        "24 pictures are called like 0eb30fd_nohash_0.png, and may show only 4 things, such as "
        "0eb30fd; if so, run: digits start --layout '{class}/{group}_nohash_#.*'",
    ),
    "numbers and letters behind the patient": (
        [f"{name}/{name}patient{{n}}_{end}.png" for name in "ab" for end in "12cd"],
        "96 pictures are called like apatient0_1.png, and may show only 24 things, such as "
        "apatient0; if so, run: digits start --layout '{class}/{group}_*.*'",
    ),
    "several lengths, as in Gravity Spy": (
        [f"{name}/H1_{name}{{n}}x_spec_{end}.png" for name in "ab" for end in ("0.5", "4.0")],
        "48 pictures are called like H1_a0x_spec_0.5.png, and may show only 24 things, such as "
        "H1_a0x; if so, run: digits start --layout '{class}/{group}_spec_#.#.*'",
    ),
    "slides in the middle, as of Kather": (
        [f"{name}/{name}{{n}}_HE-0{{t}}.tif_Row_{{n}}.tif" for name in "ab"],
        "24 pictures are called like a0_HE-00.tif_Row_0.tif, and may show only 4 to 8 things, such "
        "as 00; if so, run: digits start --layout '{class}/*_HE-{group}.tif_Row_#.*'",
    ),
    "pictures of a thing from several sides": (
        [f"{name}/{name}{{n}}_{side}.jpg" for name in ("ok", "bad") for side in "abc"],
        "72 pictures are called like bad0_a.jpg, and may show only 24 things, such as bad0; if "
        "so, run: digits start --layout '{class}/{group}_*.*'",
    ),
    "numbers of things in each folder": (
        ["cat/{t}-{n}.jpg", "dog/{t}-{n}.jpg"],
        "24 pictures are called like 0-0.jpg, and may show only 4 to 8 things, such as 0; if so, "
        "run: digits start --layout '{class}/{group}-#.*'",
    ),
    "slides, and an odd name": (
        [*[f"{name}/{name}{{n}}_HE-0{{t}}.tif_Row_{{n}}.tif" for name in "ab"], "a/HE-00c.tif"],
        "24 pictures are called like a0_HE-00.tif_Row_0.tif, and may show only 4 to 8 things, "
        "such as 00; if so, let the pattern of the layout have {group} for 00",
    ),
    "names with different numbers of words": (
        ["cat/c{t}_{n}.jpg", "dog/d{t}_x_{n}.jpg"],
        "24 pictures are called like c0_0.jpg, and may show only 8 things, such as c0; if so, "
        "let the pattern of the layout have {group} for c0",
    ),
    "altered pictures in another folder, as in SOCOFing": (
        ["real/{n}_M_Left_1.bmp", "altered/{n}_M_Left_1_CR.bmp"],
        "12 pictures are called like others, with _CR or the like at the end; if they are "
        'masks, copies or details, run: digits start --layout \'{files: "{class}/*", unused: '
        '["**/*_CR.*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "pictures with two endings": (
        ["cat/{n}.jpg", "dog/{n}.jpg", "cat/{n}.png", "dog/{n}.png"],
        "24 pictures are called like others, with .png or the like at the end; if they are "
        'masks, copies or details, run: digits start --layout \'{files: "{class}/*", unused: '
        '["**/*.png"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "companions with different ends": (
        ["cat/{n}.jpg", "dog/{n}.jpg", *(f"dog/{{n}}_{end}.png" for end in "gcbdaehf")],
        "96 pictures are called like others, with _a or the like at the end; if they are "
        'masks, copies or details, run: digits start --layout \'{files: "{class}/*", unused: '
        '["**/*_a.*", "**/*_b.*", "**/*_c.*", "**/*_d.*", "**/*_e.*", "**/*_f.*", "**/*_g.*", '
        '"**/*_h.*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "companions": (
        ["cat/{n}.jpg", "dog/{n}.jpg", "cat/{n}_edge.png", "dog/{n}_edge.png"],
        "24 pictures are called like others, with _edge or the like at the end; if they are "
        'masks, copies or details, run: digits start --layout \'{files: "{class}/*", unused: '
        '["**/*_edge.*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "companions whose ends cannot be told from the pictures": (
        ["cat/c_{n}.jpg", "dog/d_{n}.jpg", "cat/c_{n}_1.png", "dog/d_{n}_2.png"],
        "24 pictures are called like others, with _1 or the like at the end; if they are "
        "masks, copies or details, name them in the key `unused` of the layout; if they are "
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "companions of one class": (
        ["cat/{n}.jpg", "dog/{n}.jpg", "dog/{n}_edge.png"],
        "12 pictures are called like others, with _edge or the like at the end; if they are "
        'masks, copies or details, run: digits start --layout \'{files: "{class}/*", unused: '
        '["**/*_edge.*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "companions in a folder": (
        ["cat/{n}.jpg", "dog/{n}.jpg", "cat/edges/{n}_edge.png", "dog/edges/{n}_edge.png"],
        "24 pictures are called like others, with _edge or the like at the end; if they are "
        'masks, copies or details, run: digits start --layout \'{files: ["{class}/*", '
        '"{class}/edges/*"], unused: '
        '["**/*_edge.*"]}\'; if only they are your images, run: digits start --layout '
        '\'{files: "{class}/edges/*", unused: ["*/*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "kinds": (
        ["cat/{n}_crop.jpg", "cat/{n}_depth.png", "dog/{n}_crop.jpg", "dog/{n}_depth.png"],
        "48 pictures are called like others, with _crop or the like at the end; if they are "
        'masks, copies or details, run: digits start --layout \'{files: "{class}/*", unused: '
        '["**/*_crop.*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "pictures that an iPhone has edited": (
        ["cat/IMG_00{n}.jpg", "dog/IMG_01{n}.jpg", "cat/IMG_E00{n}.jpg"],
        "12 pictures are called like others, with IMG_E or the like at the beginning; if they "
        'are masks, copies or details, run: digits start --layout \'{files: "{class}/*", '
        'unused: ["**/IMG_E*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "a few edited pictures": (
        ["cat/{n}3ceb.jpg", "dog/{n}3ceb.jpg", *(f"cat/{n}3ceb-edited.jpg" for n in range(3))],
        "3 pictures are called like others, with -edited or the like at the end; if they "
        'are masks, copies or details, run: digits start --layout \'{files: "{class}/*", '
        'unused: ["**/*-edited.*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "two test sets": (
        [
            f"{place}/{name}/{{n}}.jpg"
            for place in ("train", "test", "auto_test")
            for name in "ab"
        ],
        "the test set is that of auto_test/{class}/*, test/{class}/*; if one has the pictures of "
        "another in another form, write it into the key `unused`",
    ),
    "eyes of which some have no pair": (
        [
            *(
                "ill/{n}_left.jpg",
                "ill/{n}_right.jpg",
                "well/{n}x_left.jpg",
                "old/{n}y_right.jpg",
            ),
        ],
        "24 pictures are called like others, with _left or the like at the end; if they are "
        "masks, copies or details, name them in the key `unused` of the layout; if they are "
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "turned copies": (
        ["cat/{n}3ceb.jpg", "dog/{n}3ceb.jpg", "cat/turned_by_5_{n}3ceb.jpg"],
        "12 pictures are called like others, with turned_by_5_ or the like at the beginning; if "
        'they are masks, copies or details, run: digits start --layout \'{files: "{class}/*", '
        'unused: ["**/turned_by_5_*"]}\'; if they are '
        "other views of one thing, let the pattern of the layout have {group} for the thing",
    ),
    "things seen by two instruments": (
        [
            f"{subset}/{name}/{i}1_{{n}}7{subset}_spectrum_{time}.png"
            for subset in ("train", "test")
            for name in "ab"
            for i in "HL"
            for time in "12"
        ],
        "192 pictures are called like H1_07train_spectrum_1.png, and may show only 48 things, "
        "such as H1_07train; if so, run: digits start --layout "
        '\'{train: "train/{class}/{group}_spectrum_#.*", '
        'test: "test/{class}/{group}_spectrum_#.*"}\'',
    ),
    "outer folders": (
        ["camera1/cat/{n}.jpg", "camera1/dog/{n}.jpg", "camera2/cat/{n}.jpg"],
        "the folders camera1, camera2 are not used; if they are classes, people or days, let the "
        "pattern of the layout have {class} or {group} for them",
    ),
    "inner folders": (
        ["cat/camera1/{n}.jpg", "cat/camera2/{n}.jpg", "dog/camera1/{n}.jpg"],
        "the folders camera1, camera2 are not used; if they are classes, people or days, let the "
        "pattern of the layout have {class} or {group} for them",
    ),
    "files beside pictures": (
        ["cat/{n}.jpg", "dog/{n}.jpg", "cat/{n}.json", "dog/{n}.jpg.json"],
        "24 files are called like pictures, first cat/0.json; if they say the classes, write a "
        "table with the columns file and class",
    ),
    "lists": (
        ["1/{n}.jpg", "2/{n}.jpg", "lists/TE.txt"],
        "lists/TE.txt may say which images are a test set; if they list paths, see `list` in "
        "image-layouts/docs/layout.md; if they list ids, see “Add the test set of a list of ids” in "
        "image-layouts/docs/your-own.md",
    ),
    "a small training set, and a validation set": (
        [f"{subset}/{name}/{{n}}.png" for subset in ("train_mini", "val") for name in "ab"],
        "the validation set, val/{class}/*, is read as training images; to make it the test set, "
        'run: digits start --layout \'{train: "train_mini/{class}/*", test: "val/{class}/*"}\'',
    ),
    "a validation set, and masks": (
        [
            f"{subset}/{name}/{{n}}.jpg"
            for subset in ("train", "val", "train/masks", "val/masks")
            for name in "ab"
        ],
        "the validation set, val/{class}/*, is read as training images; to make it the test set, "
        'run: digits start --layout \'{train: "train/{class}/*", test: "val/{class}/*", '
        'unused: ["*/masks/**/*"]}\'',
    ),
    "a validation set": (
        [f"{subset}/{name}/{{n}}.jpg" for subset in ("train", "val") for name in "ab"],
        "the validation set, val/{class}/*, is read as training images; to make it the test set, "
        'run: digits start --layout \'{train: "train/{class}/*", test: "val/{class}/*"}\'',
    ),
    "a folder beside pictures that are in none": (
        ["cat_{n}.jpg", "dog_{n}.jpg", "b/cat_4{n}.jpg", "b/dog_4{n}.jpg"],
        "the folders b are not used; if they are classes, people or days, let the pattern of the "
        "layout have {class} or {group} for them",
    ),
    "words in the names of several classes": (
        ["anna/cat{n}.jpg", "ben/cat2{n}.jpg", "carl/dog{n}.jpg", "dora/dog2{n}.jpg"],
        "the names of pictures in several classes have the words cat, dog; let the pattern of the "
        "layout have {class} for them if they are the classes, and {group} if pictures with the "
        "same word belong together",
    ),
    "files in another folder": (
        ["cat/{n}.jpg", "dog/{n}.jpg", "labels/{n}.txt"],
        "12 files are called like pictures, first labels/0.txt; if they say the classes, write "
        "a table with the columns file and class",
    ),
}

# Names for which there is no hint.
NO_HINTS = {
    "names that begin with the class": ["cat/cat_def_0_{n}.jpg", "dog/dog_def_0_{n}.jpg"],
    "places on the earth": [
        f"{name}/-{degrees}.01{{n}}46_30.{{n}}0548.jpg"
        for name, degrees in [("a", 3), ("a", 5), ("a", 6), ("b", 7), ("b", 8), ("b", 9)]
    ],
    "names of two sets": [
        f"{subset}/{name}/{{n}}_100.jpg" for subset in ("train", "test") for name in "ab"
    ],
    "names with the class": ["0_{n}.jpg", "1_{n}.jpg", "2_{n}.jpg"],
    "names with the class as a word": ["cat_{n}.jpg", "dog_{n}.jpg"],
    "names with classes of one word and of two": [
        f"{name}_{{n}}.jpg" for name in ("Bengal", "american_bulldog", "pug")
    ],
    "numbers": ["cat/img_{n}.jpg", "dog/img_{n}.jpg"],
    "two numbers, but no series": ["cat/cat{n}-1.jpg", "dog/dog{n}-1.jpg"],
    "days that are groups": [
        f"2024-05-0{day}/{name}/{{n}}.jpg" for day in "1234" for name in "ab"
    ],
    "names that end in a word": ["cat/{n}_left.jpg", "dog/{n}_left.jpg"],
    "a few companions": ["cat/{n}.jpg", "dog/{n}.jpg", "dog/1_edge.png"],
    "companions of pictures of another class": ["cat/{n}.jpg", "dog/{n}_left.jpg"],
    **{
        f"parts called {first}": [
            f"{first}/cat/{{n}}.jpg",
            f"{first}/dog/{{n}}.jpg",
            f"{second}/cat/1{{n}}.jpg",
        ]
        for first, second in [
            ("images_part_1", "images_part_2"),
            ("pets-20240501T101010Z-001", "pets-20240501T101010Z-002"),
        ]
    },
    "one folder around all": ["all/cat/{n}.jpg", "all/dog/{n}.jpg"],
    "sets": ["train/cat/{n}.jpg", "train/dog/{n}.jpg", "test/cat/{n}.jpg", "test/dog/{n}.jpg"],
    "sets in the names": [
        f"{subset}/{name}/{subset}_{{n}}_aligned.jpg"
        for subset in ("train", "test")
        for name in "123"
    ],
    "short names of the sets": [
        f"{subset}/{name}/{subset[:2]}_{name}_{{n}}.jpg"
        for subset in ("train", "eval")
        for name in ("cat", "dog")
    ],
    "small copies": [
        f"{folder}/{name}/{{n}}.png" for folder in ("train", "test", "small") for name in "ab"
    ],
    "a few files beside pictures": ["cat/{n}.jpg", "dog/{n}.jpg", "cat/1.json"],
    "names that cameras give": [
        f"{name}/{word}{{n}}.jpg" for name in ("cat", "dog") for word in ("IMG_", "DSC")
    ],
    "other files": ["cat/{n}.jpg", "dog/{n}.jpg", "notes/day{n}.txt"],
}


@pytest.mark.parametrize(("names", "ways"), PUBLIC.values(), ids=PUBLIC)
def test_published_pictures_are_understood_or_all_ways_are_shown(
    names: list[str], ways: list[str], tmp_path: Path
) -> None:
    write_numbered(tmp_path, names)
    assert find_ways(tmp_path) == ways


def list_hints(root: Path, names: list[str]) -> list[str]:
    """Return the hints for files with some names, or the doubts about the only layout."""
    write_numbered(root, names)
    try:
        lines = describe(choose(Place(root)))
    except ChoiceError as error:
        lines = [line.strip() for line in error.lines]
    found = [re.fullmatch("(?:look|doubt): (.+)", line) for line in lines]
    return [match[1] for match in found if match]


@pytest.mark.parametrize(("names", "hint"), HINTS.values(), ids=HINTS)
def test_what_the_owner_should_look_at_is_named(
    names: list[str], hint: str, tmp_path: Path
) -> None:
    assert list_hints(tmp_path, names) == [hint]


def test_the_layout_of_a_hint_has_the_groups(tmp_path: Path) -> None:
    [hint] = list_hints(tmp_path, ["cat/CNV-{t}-{n}.jpg", "dog/DME-{t}-{n}.jpg"])
    _, layout, _ = hint.split("'")
    groups = choose(Place(tmp_path), layout).rows["group"]
    assert sorted(set(groups)) == [f"{kind}-{n}" for kind in ("CNV", "DME") for n in range(4)]


def test_the_layouts_of_a_hint_are_without_companions_or_with_them_alone(
    tmp_path: Path,
) -> None:
    pictures = ["cat/{n}.jpg", "dog/{n}.jpg"]
    masks = ["cat/edges/{n}_edge.png", "dog/edges/{n}_edge.png"]
    [hint] = list_hints(tmp_path, pictures + masks)
    _, without_masks, _, only_masks, _ = hint.split("'")
    for layout, ending in [(without_masks, ".jpg"), (only_masks, ".png")]:
        files = choose(Place(tmp_path), yaml.safe_load(layout)).rows["file"]
        assert len(files) == 24
        assert all(file.endswith(ending) for file in files)


def test_a_table_of_pictures_in_two_folders_keeps_its_sets(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(40)]
    write_files(
        tmp_path, [f"{folder}/{name}" for folder in ("large", "small") for name in names]
    )
    table = pd.DataFrame({"file": names, "class": ["a", "b"] * 20})
    table["split"] = ["train"] * 30 + ["test"] * 10
    table.to_csv(tmp_path / "t.csv", index=False)
    ways = [way for way in find_ways(tmp_path) if "t.csv" in way]
    assert len(ways) == 2
    assert all("test: {where: {split: test}}" in way for way in ways)


def test_no_table_is_advised_that_is_there(tmp_path: Path) -> None:
    write_files(tmp_path, [f"{n}.png" for n in range(20)])
    (tmp_path / "labels.csv").write_text("file,class\nx.png,a\n", encoding="utf-8")
    with pytest.raises(ChoiceError, match=r"labels\.csv, write a table classes\.csv"):
        choose(Place(tmp_path))


def test_only_the_same_reasons_are_one_line() -> None:
    few = "most classes have few images: {} 1; to leave them out, run: digits start --min 4"
    reasons = ["a.csv: it has 3 rows", f"b.csv: {few.format('x')}", "c.csv: it has 5 rows"]
    assert summarize([*reasons, f"d.csv: {few.format('y')}"]) == [
        "a.csv: it has 3 rows (1 more like this)",
        f"b.csv: {few.format('x')}",
        f"d.csv: {few.format('y')}",
    ]


def test_the_pattern_of_several_tables_fits_no_other_file(tmp_path: Path) -> None:
    table = make_table(slice(0, 200))
    for part in range(4):
        table[50 * part : 50 * part + 50].to_csv(tmp_path / f"part_{part}.csv", index=False)
    (tmp_path / "part_list.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    choice = choose(Place(tmp_path))
    assert choice.layout["table"] == [f"part_{part}.csv" for part in range(4)]
    assert len(choice.rows) == 200


def test_the_folder_of_a_training_set_is_not_taken_for_the_test_set(tmp_path: Path) -> None:
    names = [f"{place}/{n}/{{n}}.png" for place in ("train_x", "more", "extra") for n in "ab"]
    write_numbered(tmp_path, names)
    said = "\n".join(describe(choose(Place(tmp_path), "*/{class}/*")))
    assert "the folders extra, more, train_x are not used" in said
    assert "train_x is the test set" not in said


def test_words_that_stand_for_the_classes_are_no_things(tmp_path: Path) -> None:
    artists = ["claude", "edgar", "mary", "paul"]
    files = [
        f"{sky}/{artist}_{n}.jpg" for sky in "abcde" for artist in artists for n in range(4)
    ]
    write_files(tmp_path, files)
    table = pd.DataFrame({"file": files})
    table["class"] = [artists.index(file[2:].split("_")[0]) for file in files]
    table.to_csv(tmp_path / "t.csv", index=False)
    choice = choose(Place(tmp_path), columns={"class": "class"})
    assert "things" not in "\n".join(describe(choice))


def test_files_with_the_same_scans_say_no_classes(tmp_path: Path) -> None:
    assert (
        list_hints(tmp_path, [f"{name}/{{n}}.{e}" for name in "ab" for e in ("png", "dcm")])
        == []
    )


def test_no_list_is_advised_for_a_table(tmp_path: Path) -> None:
    write_numbered(tmp_path, ["{n}.jpg"])
    rows = [f"{n}.jpg,{'cat' if n % 2 else 'dog'}" for n in range(N_PICTURES)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,class", *rows]), encoding="utf-8")
    (tmp_path / "test_list.txt").write_text("1.jpg\n", encoding="utf-8")
    assert (
        "look: test_list.txt may say which images are a test set; if so, add a column with the "
        "words train and test to the table"
    ) in describe(choose(Place(tmp_path)))


def test_folders_with_parts_of_a_set_are_no_people(tmp_path: Path) -> None:
    write_numbered(tmp_path, ["imagesa/{n}.jpg", "imagesb/1{n}.jpg"])
    files = sorted(f"{path.parent.name}/{path.name}" for path in tmp_path.glob("*/*"))
    table = pd.DataFrame({"file": files, "class": ["cat", "dog"] * N_PICTURES})
    table.to_csv(tmp_path / "labels.csv", index=False)
    lines = describe(choose(Place(tmp_path), columns={"class": "class"}))
    assert not any(line.startswith("look: ") for line in lines)


@pytest.mark.parametrize("names", NO_HINTS.values(), ids=NO_HINTS)
def test_for_usual_names_there_is_nothing_to_look_at(names: list[str], tmp_path: Path) -> None:
    assert list_hints(tmp_path, names) == []


COUNT_OPENINGS = """
import sys
from pathlib import Path

from image_layouts.layout.place import Place
from image_layouts.proposing.choose import choose, describe

opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
describe(choose(Place(Path(sys.argv[1]))))
print(sum(path.endswith("labels.csv") for path in opened))
"""


def test_a_table_is_opened_three_times(tmp_path: Path) -> None:
    write_numbered(tmp_path, ["{n}.png"])
    rows = [f"{n}.png,{'cat' if n % 2 else 'dog'}" for n in range(N_PICTURES)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows, ""]))
    command = [sys.executable, "-c", COUNT_OPENINGS, str(tmp_path)]
    assert subprocess.check_output(command, text=True) == "3\n"


def test_an_index_that_pandas_has_stored_means_nothing(tmp_path: Path) -> None:
    make_table(slice(0, 100)).sample(frac=1, random_state=0).to_parquet(tmp_path / "t.parquet")
    layout = {"table": "t.parquet", "pixels": "pixel0 to pixel63", "class": "label"}
    assert choose(Place(tmp_path)).layout == layout


def test_groups_are_counted_and_listed_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_tree(tmp_path, "{cat,dog}/{patient_2,patient_3,patient_9,patient_10}")
    [*_, line] = describe_choice(choose(Place(tmp_path)), "")[:1]
    assert line.endswith("; 4 groups: patient_2, patient_3, patient_9, patient_10")


def test_a_folder_of_pictures_and_a_text_is_not_entered(tmp_path: Path) -> None:
    write_tree(tmp_path, "cats")
    (tmp_path / "cats/notes.md").touch()
    assert enter_folders(tmp_path) == tmp_path
    (tmp_path / "cats/labels.csv").touch()
    assert enter_folders(tmp_path) == tmp_path / "cats"
    (tmp_path / "Desktop.ini").touch()  # of Windows
    assert enter_folders(tmp_path) == tmp_path / "cats"


def test_the_commands_that_are_shown_leave_out_rare_classes_too(tmp_path: Path) -> None:
    write_tree(tmp_path, "{circle,cross,line}/{anna,ben,cem,dan}")
    with pytest.raises(ChoiceError) as raised:
        choose(Place(tmp_path), min_images=4)
    options = [line for line in raised.value.lines if line.startswith("  digits start")]
    assert [option.endswith(" --min-images 4") for option in options] == [True] * 3


def test_the_commands_for_columns_with_blanks_in_their_names_can_be_typed(
    tmp_path: Path,
) -> None:
    table = make_table(slice(0, 100)).assign(**{"visit id": np.arange(100) % 30})
    table["the word"] = [f"the {label}" for label in table["label"]]
    table.to_csv(tmp_path / "t.csv", index=False)
    said = "\n".join(describe(choose(Place(tmp_path))))
    assert "run: digits start --group 'visit id'" in said
    assert "run: digits start --class 'the word'" in said


def test_of_two_usual_columns_of_groups_the_likelier_one_is_taken(tmp_path: Path) -> None:
    table = make_table(slice(0, 200))
    table.insert(0, "subject", np.arange(200) % 50)
    table.insert(1, "group", np.arange(200) % 20)
    table.to_csv(tmp_path / "t.csv", index=False)
    assert choose(Place(tmp_path)).layout["group"] == "group"


def test_a_usual_column_of_groups_that_is_chosen_as_the_class_is_no_group(
    tmp_path: Path,
) -> None:
    files = write_flat(tmp_path, slice(0, 60))
    subjects = [f"s{n % 6}" for n in range(60)]
    pd.DataFrame({"file": files, "subject": subjects}).to_csv(tmp_path / "t.csv", index=False)
    choice = choose(Place(tmp_path), columns={"class": "subject"})
    assert choice.layout == {"table": "t.csv", "file": "{file}", "class": "subject"}


def test_a_flat_test_set_with_a_picture_without_a_class_is_not_taken(tmp_path: Path) -> None:
    for name in ["cat", "dog"]:
        for n in range(8):
            write_picture(tmp_path / f"training/{name}/{n}.png", PIXELS[n])
            write_picture(tmp_path / f"testset/{name}_{n}.png", PIXELS[10 + n])
    assert "test" in choose(Place(tmp_path)).layout
    write_picture(tmp_path / "testset/0017.png", PIXELS[20])
    choice = choose(Place(tmp_path))
    assert choice.layout == {"files": "training/{class}/*", "unused": ["testset/*"]}


@pytest.mark.parametrize(("n_visits", "is_hint"), [(30, True), (100, False)])
def test_a_column_with_a_value_for_each_image_is_no_group(
    n_visits: int, is_hint: bool, tmp_path: Path
) -> None:
    table = make_table(slice(0, 100)).assign(visit_id=[f"v{n % n_visits}" for n in range(100)])
    table.to_csv(tmp_path / "t.csv", index=False)
    lines = describe(choose(Place(tmp_path)))
    assert any("--group visit_id" in line for line in lines) == is_hint


@pytest.mark.parametrize("ending", ["txt", "lst", "TXT"])
def test_lists_of_both_sets_are_one_of_the_ways(ending: str, tmp_path: Path) -> None:
    write_numbered(tmp_path, ["cat/{n}.jpg", "dog/{n}.jpg"])
    names = sorted(Place(tmp_path).pictures)
    (tmp_path / f"train.{ending}").write_text("\n".join(names[::2]))
    (tmp_path / f"test.{ending}").write_text("\n".join(names[1::2]))
    rows = choose(Place(tmp_path)).rows
    assert sorted(rows["file"][rows["test"]]) == names[1::2]


def test_an_index_that_repeats_in_tables_that_were_joined_is_no_class(tmp_path: Path) -> None:
    write_numbered(tmp_path, ["{n}.png"])
    table = pd.DataFrame({"file": [f"{n}.png" for n in range(N_PICTURES)]})
    table["species"] = np.resize(["cat", "dog", "eel"], N_PICTURES)
    table.index = pd.Index(np.resize([0, 1, 2], N_PICTURES))
    table.to_csv(tmp_path / "t.csv")
    assert choose(Place(tmp_path)).class_column == "species"


def test_a_class_of_the_test_set_alone_is_not_left_out(tmp_path: Path) -> None:
    write_tree(tmp_path, "train/{a,b} test/{a,b,c}")
    with pytest.raises(ChoiceError) as raised:
        choose(Place(tmp_path))
    assert "only the test set has the classes c" in str(raised.value)


def test_decimals_of_arrays_are_no_pixels(tmp_path: Path) -> None:
    features = np.random.default_rng(0).uniform(0, 9, (60, 16))
    np.savez(tmp_path / "x.npz", x=features, y=np.arange(60) % 3)
    with pytest.raises(ChoiceError) as raised:
        choose(Place(tmp_path))
    assert " to 9; pixels are whole numbers from 0 to 255" in "".join(raised.value.lines)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_name_that_is_not_in_utf_8_is_the_reason(tmp_path: Path) -> None:
    write_numbered(tmp_path, ["cat/{n}.jpg", "dog/{n}.jpg"])
    Path(os.fsdecode(bytes(tmp_path / "cat") + b"/\xe9.jpg")).touch()
    with pytest.raises(UserError, match=r"1 names of files are not in UTF-8, first b'cat/"):
        choose(Place(tmp_path))


COLORS = np.stack([PIXELS, PIXELS // 2, PIXELS // 4], axis=3)[TRAIN]
# The images of a column whose cells have all pixels, and the keys of the layout.
CELLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "rows": (PIXELS[TRAIN].reshape(200, 64), {}),
    "images": (PIXELS[TRAIN], {}),
    "fractions": (PIXELS[TRAIN] / 255, {"scale": 255}),
    "12 bits": (PIXELS[TRAIN].astype(int) * 17, {"scale": 255 / 4095}),
    "colours side by side": (COLORS, {"axes": "n (h w c)"}),
    "rows of colours side by side": (COLORS.reshape(200, -1), {"axes": "n (h w c)"}),
    "planes of colours": (np.moveaxis(COLORS, 3, 1), {"axes": "n (c h w)"}),
}


@pytest.mark.parametrize("kind", CELLS)
def test_the_arrangement_and_the_range_of_lists_of_pixels_are_found(
    tmp_path: Path, kind: str
) -> None:
    images, keys = CELLS[kind]
    table = pd.DataFrame({"image": images.tolist(), "label": LABELS[TRAIN]})
    table.to_parquet(tmp_path / "t.parquet")
    expected = {"table": "t.parquet", "pixels": "image", "class": "label"} | keys
    assert choose(Place(tmp_path)).layout == expected


@pytest.mark.parametrize("name", ["DIGITS.NPZ", "DIGITS.MAT"])
def test_the_ending_of_a_file_with_arrays_may_have_capitals(tmp_path: Path, name: str) -> None:
    arrays: dict[str, Any] = {"x": PIXELS[TRAIN], "y": LABELS[TRAIN]}
    path = tmp_path / name.lower()
    np.savez(path, **arrays) if path.suffix == ".npz" else scipy.io.savemat(path, arrays)
    path.rename(tmp_path / name)
    rows = choose(Place(tmp_path)).rows
    assert rows["class"].tolist() == LABELS[TRAIN].astype(str).tolist()


def test_lists_of_a_fixed_length_are_pixels(tmp_path: Path) -> None:
    lists = pa.FixedSizeListArray.from_arrays(PIXELS[TRAIN].ravel(), 64)  # as Polars writes
    table = pa.table({"image": lists, "label": LABELS[TRAIN]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert choose(Place(tmp_path)).layout["pixels"] == "image"


@pytest.mark.parametrize(
    "column", ["patient-id", "Patient_ID", "patient id", "SubjectId", "writer"]
)
def test_columns_with_usual_names_are_groups_however_they_are_spelled(
    tmp_path: Path, column: str
) -> None:
    table = make_table(TRAIN)
    table.insert(0, column, [f"p{number % 20}" for number in range(200)])
    table.to_csv(tmp_path / "t.csv", index=False)
    assert choose(Place(tmp_path)).layout["group"] == column


# The functions of the pixels, 0 to 240, in a table for training and in a test set, and the scale.
SCALES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = {
    "twelve bits and eleven": (lambda x: 17 * x, lambda x: 8 * x, 255 / 4095),
    "eleven bits and twelve": (lambda x: 8 * x, lambda x: 17 * x, 255 / 4095),
    "eight bits and twelve": (lambda x: x, lambda x: 17 * x, 255 / 4095),
    "fractions, and zeros and ones": (lambda x: x / 240, lambda x: (x > 120) * 1, 255),
}


@pytest.mark.parametrize("kind", SCALES)
def test_tables_of_both_sets_have_the_same_scale(tmp_path: Path, kind: str) -> None:
    of_train, of_test, scale = SCALES[kind]
    for name, rows, function in [("train", TRAIN, of_train), ("test", TEST, of_test)]:
        pixels = function(PIXELS[rows].reshape(-1, 64).astype(int))
        table = pd.DataFrame({"image": list(pixels), "label": LABELS[rows]})
        table.to_parquet(tmp_path / f"{name}.parquet")
    layout = choose(Place(tmp_path)).layout
    assert layout["scale"] == scale
    assert layout["train"] == {"table": "train.parquet"}


def test_no_row_of_a_table_without_names_is_lost(tmp_path: Path) -> None:
    stems = [name.removesuffix(".png") for name in write_flat(tmp_path, TRAIN)]
    lines = [f"{stem},{label}" for stem, label in zip(stems, LABELS[TRAIN], strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    choice = choose(Place(tmp_path))
    assert choice.layout["header"] is False
    assert len(choice.rows) == len(lines)


def test_semicolons_are_found_although_some_rows_have_no_last_value(tmp_path: Path) -> None:
    names = write_flat(tmp_path, TRAIN)
    rows = [
        f"{name};{label};{'' if row % 3 else 'x;'}"
        for row, (name, label) in enumerate(zip(names, LABELS[TRAIN], strict=True))
    ]
    lines = [row.removesuffix(";") for row in rows]
    (tmp_path / "t.csv").write_text("\n".join(["file;label;note", *lines]))
    layout = choose(Place(tmp_path)).layout
    assert layout == {"table": "t.csv", "separator": ";", "file": "{file}", "class": "label"}


# A text of fractions is not taken for pixels.
@pytest.mark.parametrize("kind", sorted(CELLS.keys() - {"fractions"}))
def test_the_arrangement_and_the_range_of_pixels_in_a_text_are_found(
    tmp_path: Path, kind: str
) -> None:
    images, keys = CELLS[kind]
    texts = [" ".join(map(str, image.ravel())) for image in images]
    table = pd.DataFrame({"image": texts, "label": LABELS[TRAIN]})
    table.to_csv(tmp_path / "t.csv", index=False)
    expected = {"table": "t.csv", "pixels": "image", "class": "label"} | keys
    assert choose(Place(tmp_path)).layout == expected


def test_lists_of_different_lengths_are_named(tmp_path: Path) -> None:
    lists = [[0] * (64 + number // 100) for number in range(200)]
    table = pd.DataFrame({"image": lists, "label": LABELS[TRAIN]})
    table.to_parquet(tmp_path / "images.parquet")
    images = choose(Place(tmp_path)).reading.images
    assert images.blocks is not None
    with pytest.raises(UserError, match="the column image has rows of different lengths"):
        list(images.blocks())


@pytest.mark.parametrize(
    "others",
    [
        [[]] * 200,
        [None] * 200,
        [[1.0, None]] * 200,
        [[1.0, np.inf]] * 200,
        [[1], []] * 100,
        [[7] * 4] * 200,
    ],
)
def test_lists_that_are_no_pixels_do_not_hide_pictures(tmp_path: Path, others: Any) -> None:
    write_pictures(tmp_path / "t.parquet", TRAIN, LABELS[TRAIN])
    table = pq.read_table(tmp_path / "t.parquet")
    column = pa.array(others, pa.list_(pa.float64()))
    pq.write_table(table.append_column("box", column), tmp_path / "t.parquet")
    assert choose(Place(tmp_path)).layout["picture"] == "image"


def test_missing_classes_of_both_sets_are_a_mistake(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(40)]
    write_files(tmp_path, names)
    table = pd.DataFrame({"file": names, "class": ["pug", "husky"] * 20})
    table["set"] = ["train"] * 30 + ["test"] * 10
    for missing, n_read in [([35, 36], 38), ([3, 35], None)]:
        rows = table.assign(**{"class": table["class"].mask(table.index.isin(missing))})
        rows.to_csv(tmp_path / "t.csv", index=False)
        if n_read:
            assert len(choose(Place(tmp_path)).rows) == n_read
        else:
            with pytest.raises(ChoiceError) as refused:
                choose(Place(tmp_path))
            assert "2 images have no class" in str(refused.value)


# Pictures with a single doubtful reading, and the doubt.
DOUBTS = {
    "defects in the test set alone, as of one product of MVTec": (
        ["train/good/{n}.png", "test/good/1{n}.png", "test/crack/{n}.png"],
        "24 pictures lie in a folder of the other set, first test/crack/0.png; the folder of the "
        "training set has only the class good",
    ),
    "products in place of their defects, as of MVTec": (
        [
            f"{product}/{name}.png"
            for product in ("bottle", "cable")
            for name in (
                *(f"train/good/{start}{{n}}" for start in range(5)),
                "test/good/{n}",
                "test/broken/{n}",
            )
        ],
        "the pictures in test, in the folders broken, good, are not used",
    ),
    "products in place of their defects, beside masks of these": (
        [
            f"{product}/{name}/{{n}}.png"
            for product in ("bottle", "cable")
            for name in ("train/good", "test/good", "test/broken", "ground_truth/broken")
        ],
        "the folders broken are only in the test set, and are not used",
    ),
    "pictures of two sensors": (
        ["rgb/{n}.png", "thermal/{n}.png"],
        "rgb, thermal would be classes",
    ),
    "copies called by an end": (
        [f"{kind}{end}/{{n}}.png" for kind in ("hole", "bite") for end in ("", "_noisy")],
        "bite, bite_noisy, hole, hole_noisy would be classes",
    ),
}


@pytest.mark.parametrize(("names", "doubt"), DOUBTS.values(), ids=DOUBTS)
def test_a_doubt_says_what_is_odd(names: list[str], doubt: str, tmp_path: Path) -> None:
    write_numbered(tmp_path, names)
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path))
    assert f"    doubt: {doubt}" in error.value.lines


def test_equal_tables_may_name_different_pictures(tmp_path: Path) -> None:
    rows = pd.DataFrame({"file": [f"{n}.png" for n in range(30)], "label": list("abc") * 10})
    for name in ("train", "test"):
        write_files(tmp_path / name, [f"{n}.png" for n in range(30)])
        rows.to_csv(tmp_path / name / "labels.csv", index=False)
    rows.to_csv(tmp_path / "train" / "copy.csv", index=False)
    choice = choose(Place(tmp_path))
    assert choice.rows["test"].tolist() == [False] * 30 + [True] * 30
    assert choice.not_used == [
        "train/labels.csv is not used, because it is a copy of another table"
    ]


@pytest.mark.parametrize(
    "values", [["0", "1", "2"], ["train", "query", "gallery"], ["train", "test", "extra"]]
)
def test_a_column_that_is_called_split_is_named(values: list[str], tmp_path: Path) -> None:
    files = [f"{n}.png" for n in range(30)]
    write_files(tmp_path, files)
    rows = pd.DataFrame({"file": files, "label": list("ab") * 15, "split": values * 10})
    rows.to_csv(tmp_path / "t.csv", index=False)
    said = "\n".join(describe(choose(Place(tmp_path))))
    assert "look: the column split, " in said
    assert "may say which images are the test set" in said


def test_a_column_called_usage_says_the_sets_only_by_its_values(tmp_path: Path) -> None:
    files = [f"{n}.png" for n in range(30)]
    write_files(tmp_path, files)
    rows = pd.DataFrame({"file": files, "label": list("ab") * 15})
    rows["usage"] = ["Casual", "Formal", "Sports"] * 10
    rows.to_csv(tmp_path / "t.csv", index=False)
    assert "may say which images are the test set" not in "\n".join(
        describe(choose(Place(tmp_path)))
    )


def test_numbers_in_the_name_of_a_folder_are_no_numbers_of_arrays(tmp_path: Path) -> None:
    (tmp_path / "numpy_8x8").mkdir()
    for first in "abcde":
        for second in "vwxyz":
            np.save(tmp_path / f"numpy_8x8/{first}{second}.npy", PIXELS[:8])
    assert choose(Place(tmp_path)).layout == {"images": "numpy_8x8/{class}.npy"}


def test_a_word_of_all_names_is_no_group(tmp_path: Path) -> None:
    write_numbered(tmp_path, [f"{name}/p{n}/SOB_{{n}}.jpg" for name in "ab" for n in range(4)])
    assert "may show only" not in "\n".join(describe(choose(Place(tmp_path), "{class}/*/*")))


def test_the_example_of_a_series_is_no_stray(tmp_path: Path) -> None:
    names = [f"ill/person{n // 3}_scan_{n}.jpg" for n in range(60)]
    names += [f"well/IM-{n:04}_scan_{n}.jpg" for n in range(20)]
    write_files(tmp_path, names)
    [hint] = [line for line in describe(choose(Place(tmp_path))) if "may show only" in line]
    assert "such as person0" in hint


def test_a_table_that_has_the_classes_of_folders_is_named(tmp_path: Path) -> None:
    clips = [f"clip_{n}_new" for n in range(10)]
    write_files(tmp_path, [f"{clip}/{n}.png" for clip in clips for n in range(8)])
    rows = pd.DataFrame({"clip": clips, "gesture": ["stop", "go"] * 5})
    rows.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ChoiceError) as raised:
        choose(Place(tmp_path))
    said = "\n".join(raised.value.lines)
    assert (
        "doubt: the classes are ids in the column clip of t.csv, which may have their" in said
    )


def test_a_name_that_begins_with_a_sign_gives_no_group_without_a_name(tmp_path: Path) -> None:
    names = [f"{kind}/-93.{n}_30.{n}.png" for kind in "xy" for n in range(20)]
    write_files(tmp_path, names)
    assert "such as ;" not in "\n".join(describe(choose(Place(tmp_path))))


def test_rows_whose_neighbours_are_not_alike_are_features() -> None:
    shuffled = np.random.default_rng(0).permutation(64)
    rows = PIXELS.reshape(-1, 64)
    assert describe_colors(rows) == {}
    with pytest.raises(UserError, match="neighbours are no more alike than other values: this"):
        describe_colors(rows[:, shuffled])


def test_images_of_horizontal_stripes_are_square() -> None:
    random = np.random.default_rng(0)
    rows = np.array([random.integers(0, 256, 32).repeat(32) for _ in range(60)])
    noise = random.integers(0, 9, rows.shape)
    assert describe_colors(rows + noise) == {}


def test_a_column_of_classes_has_no_groups() -> None:
    values = pd.Series(list("abc") * 10)
    assert may_have_groups("lesion_id", values)
    assert not may_have_groups("class_id", values)


def test_notes_in_another_encoding_beside_folders_are_no_list(tmp_path: Path) -> None:
    write_tree(tmp_path, "{cat,dog}")
    (tmp_path / "train_notes.txt").write_bytes("à vérifier\n".encode("latin-1"))
    assert choose(Place(tmp_path)).layout == "{class}/*"


def test_the_name_of_a_table_says_more_of_its_set_than_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mnist-training"
    folder.mkdir()
    (tmp_path / "README.md").touch()
    make_table(TRAIN).to_csv(folder / "mnist_train.csv", index=False)
    make_table(TEST).to_csv(folder / "mnist_test.csv", index=False)
    is_test = choose(Place(tmp_path)).rows["test"]
    assert (is_test.sum(), len(is_test)) == (40, 240)


def test_the_commands_for_classes_keep_the_chosen_groups(tmp_path: Path) -> None:
    rows = {"file": write_flat(tmp_path, slice(0, 60)), "Patient ID": np.arange(60) // 3}
    columns = {"breed": np.resize(["a", "b"], 60), "fur": np.resize(["x", "x", "y"], 60)}
    pd.DataFrame(rows | columns).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ChoiceError) as error:
        choose(Place(tmp_path), columns={"group": "Patient ID"})
    commands = [shlex.split(line)[2:] for line in error.value.lines if "digits start" in line]
    assert commands == [["--class", name, "--group", "Patient ID"] for name in columns]


def test_any_text_of_a_layout_is_read_as_it_is_written() -> None:
    rng = random.Random(0)
    signs = "aZ7é_-./ ,;:#[]{}*&!|>'\"%@`?=~+"
    for _ in range(5_000):
        texts = ["".join(rng.choices(signs, k=rng.randint(1, 5))) for _ in range(3)]
        layout = {
            "table": texts[0],
            "class": texts,
            "unused": [{"where": {texts[1]: texts[2]}}],
        }
        assert yaml.safe_load(write(layout)) == layout
        assert yaml.safe_load(shlex.split(write_option(layout))[1]) == layout


@pytest.mark.parametrize("has_groups", [False, True])
def test_another_table_with_the_numbers_of_the_classes_has_no_groups(
    has_groups: bool, tmp_path: Path
) -> None:
    files = write_flat(tmp_path, slice(0, 60))
    numbers = np.arange(60) % 5
    table = pd.DataFrame({"path": files, "latex": numbers + 10, "symbol_id": numbers})
    table.to_csv(tmp_path / "t.csv", index=False)
    groups = {"user_id": np.arange(60) // 3} if has_groups else {}
    table.assign(**groups, x=1).head(50).to_csv(tmp_path / "fold.csv", index=False)
    layout = {"table": "t.csv", "file": "{path}", "class": "latex"}
    said = "\n".join(describe(choose(Place(tmp_path), layout)))
    assert "its column symbol_id may have their groups" not in said
    assert ("its column user_id may have their groups" in said) == has_groups


def test_the_shards_of_a_webdataset_are_probably_no_classes(tmp_path: Path) -> None:
    write_tree(tmp_path, "{0,1,2}")
    for path in list(tmp_path.glob("*/*.png")):
        path.with_suffix(".cls").write_text("1")
    with pytest.raises(ChoiceError, match="only in a doubtful way") as error:
        choose(Place(tmp_path))
    assert "36 files such as 0/0_0.cls probably have the classes" in "".join(error.value.lines)


@pytest.mark.parametrize(("axes", "is_said"), [("n (h w)", True), ("n (w h)", False)])
def test_images_that_were_turned_are_not_said_to_lie_on_their_side(
    axes: str, is_said: bool, tmp_path: Path
) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"x": PIXELS.reshape(-1, 64), "y": LABELS})
    layout = {"images": "a.mat/x", "class": "a.mat/y", "axes": axes}
    said = "\n".join(describe(choose(Place(tmp_path), layout)))
    assert ("may lie on their side" in said) == is_said
