"""Ask the owner about a proposed layout that may be wrong.

Whoever answers all questions with yes says that the layout is right.

A layout that is taken without a question uses every picture, file, array, row and level of
folders, but for those that say nothing more, as it says below. Nothing speaks against it. The
words and expressions here only raise questions. None of them decides what files mean.
"""

import math
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any

import pandas as pd

from image_layouts.checking import one_class
from image_layouts.checking.class_names import find_equal_names
from image_layouts.errors import shorten
from image_layouts.files import is_text
from image_layouts.layout.column_names import normalize_name
from image_layouts.layout.folder import Folder
from image_layouts.layout.read_files import natural_key
from image_layouts.layout.reading import Reading
from image_layouts.layout.table_file import read_start
from image_layouts.proposing.advice import list_unconverted
from image_layouts.proposing.columns import FRACTION, may_say_more, may_say_sets
from image_layouts.proposing.folders import list_fields, list_groups
from image_layouts.proposing.sets import (
    DATE,
    SET_WORDS,
    SUBMISSION,
    TEST_WORDS,
    find_set,
    list_set_words,
    list_words,
)
from image_layouts.proposing.versions import WRITE_GROUPS, ask_about_versions
from image_layouts.proposing.writing import ask_for_classes
from image_layouts.schema import FilesPart, TablePart

# Files that say nothing about single images: documents, programs, and what datasets of Hugging
# Face have.
DOCUMENT = re.compile(
    r"""
    .* \. (docx? | html? | log | md | pdf | rst | rtf | py | ipynb | sh | bib | cff)
    | (readme | licen[cs]e | copying | citation | changelog) .*
    | (dataset_dict | dataset_infos? | state) \.json
    """,
    re.IGNORECASE | re.VERBOSE,
)
TEST_NAME = re.compile(r"(?i)test[a-z]?(?![a-z])")  # of a picture, such as `test1.jpg`
MAX_FEW = 3  # short texts, or pictures beside all folders, that say nothing
MAX_LINES = 100  # of a small text
MAX_WORDS = 10  # about a class, in a list of the classes

# The only names with the class that are taken, such as `cat.1.jpg` and `cat (1).jpg`.
CLASS_AND_NUMBER = re.compile(r"\{class\}([._ -] ?#| ?\(#\))\.\*")

# Folders that are probably no class, such as `to_sort`, and names that cameras give.
UNLIKELY_CLASS = re.compile(
    r"""
    (.*[\W_])?
    (
        unlabell?ed | unknown | thumb(nail)?s? | annotations? | augmented | augmentation
        | images? | img | labels? | dsc[nf]? | pxl | pictures? | frames? | scans? | samples?
        | unsorted | to[\W_]?(check|delete|do|label|review|sort) | te?mp | backup | duplicates?
    )
    | (test | testing | valid | validation | val | holdout | pred(ict(ions?)?)? | inference) \d*
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Folders that are called like people, places, days or cameras.
CODE = re.compile(
    r"""
    [^\W\d_]+ ([\s_-] [^\W\d_]+)* [\s_-]? \d+  # AF01, patient_3, walnut_day1
    | [^\W\d_]+ [\s_-] [a-z]        # site_b
    | [\d\W_]* \d [\W_] \d [\d\W_]*  # 2024-05-17
    | (19|20) \d\d                   # 2024
    | (?-i: (?=.*\d\d) (?=.*[A-Z]) [A-Z\d]+)  # 100APPLE
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Codes that are classes: those of ImageNet, and words for classes.
CODE_OF_CLASS = re.compile(
    r"n\d{8} | (?i:class|grade|level|stage|type|category|label) ([\W_]\w+ | \d+)", re.VERBOSE
)

CODE_IN_NAME = re.compile(r"(?=.*\d)(?=.*[^\W\d_]).+")

ROUND = {5, 10, 20, 25, 50, 100}  # the common factor of speeds or coins, and not of ids

# What is before the last number of a name that has two, or before the last word if a number is
# before it: `patient3_` of `patient3_34`, `10` of `10_left`.
BEFORE_END = r"^(.*\d.*\D)\d+$|^(.*\d)[\W_]*[^\W\d_]+$"
# Digits and letters from a to f, as programs write them into the names of copies.
CHECKSUM = re.compile(r"(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{8,}(-[\da-f]{4,})*", re.IGNORECASE)
MAX_COPIES = 10  # of a picture; if more names differ only in a checksum, they say no more

WORD = re.compile(r"[^\W\d_]+")
# What may be between several labels in one value. A number such as `1,000` is a single one.
BETWEEN_LABELS = r"(?<!\d)[|;,/&+]|[|;,/&+](?!\d)"

# Values that may be several labels, such as `a|b`, `[a, b]` and `16 0`.
SEVERAL_LABELS = re.compile(r"[|;]|^[\[({].*,|^\d+( \d+)+$")

DRIVE_FOLDER = re.compile(r".+-\d{8}T\d+Z-\d+")  # folders of archives that Google Drive packs

# The share of the pictures of a class, or of a folder, that makes a question.
NEARLY_ALL = 0.9

# What a group is in most datasets.
OF_ONE_GROUP = "of one person or object, or drawn by one person"
NO_IF = (
    "Answer no if they say the class, person, object or set of pictures, and write labels.csv"
)


def list_questions(
    folder: Folder, reading: Reading, without_classes: Sequence[str]
) -> list[str]:
    """Return why a layout is not taken without a question.

    Tables `without_classes` have all columns of another table but its classes.
    """
    return [
        *ask_about_paths(reading),
        *ask_about_unused_pictures(folder, reading, without_classes),
        *ask_about_unused_files(folder, reading, without_classes),
        *ask_about_unused_columns(reading),
        *ask_about_unused_folders(reading),
        *ask_about_unused_arrays(folder, reading),
        *ask_about_sets(reading),
        *ask_about_names(folder, reading),
        *ask_about_classes(reading),
    ]


def list_patterns(reading: Reading) -> list[str]:
    """Return the patterns of pictures in a layout."""
    parts = [part for part in reading.parts if isinstance(part, FilesPart)]
    return [pattern for part in parts for pattern in part.files]


def has_in_names(reading: Reading, field: str) -> bool:
    """Return whether the names of pictures have a field, and not their folders."""
    return any(field in posixpath.basename(pattern) for pattern in list_patterns(reading))


def list_stems(rows: pd.DataFrame) -> pd.Series:
    """Return the names of the pictures, without folders and endings."""
    return rows["file"].map(lambda name: posixpath.splitext(posixpath.basename(name))[0])


def ask_about_paths(reading: Reading) -> Iterator[str]:
    """Yield questions if paths may say other classes, or more than the classes."""
    rows = reading.rows
    patterns = list_patterns(reading)
    if not reading.is_certain or may_be_other_classes(rows, patterns):
        yield ask_for_classes(rows)
    if any("{group}" in pattern for pattern in patterns):
        largest = rows[rows["group"] == rows["group"].value_counts().idxmax()]
        firsts = largest.drop_duplicates("class")
        pair = " and ".join((largest if len(firsts) == 1 else firsts)["file"][:2])
        yield f"are {pair} {OF_ONE_GROUP}?"
        return
    for pattern in patterns[:1]:
        ignored = []
        for _, groups in list_groups(pattern, rows["file"]):
            file, text = next(iter(groups.items()))
            n_of_class = rows["file"].map(groups).groupby(rows["class"]).nunique()
            if n_of_class.max() > 1 and not DRIVE_FOLDER.fullmatch(text):
                ignored.append(text)
        if ignored:
            yield ask_to_ignore(ignored, file)


def ask_to_ignore(texts: Sequence[str], file: str, remedy: str = WRITE_GROUPS) -> str:
    """Return a question about texts in the path of a picture that may say its group."""
    return (
        f"do the pictures with {', and those with '.join(texts)}, such as {file}, show "
        f"different persons or objects? If all are {OF_ONE_GROUP}, {remedy}"
    )


def may_be_other_classes(rows: pd.DataFrame, patterns: Sequence[str]) -> bool:
    """Return whether names have the class, or several levels of folders vary.

    Names with the class and a number in a single folder say nothing else.
    """
    names = list(rows["class"].unique())
    have_numbers = any(re.search(r"\d", name) for name in names)
    n_varying = set()
    for pattern in patterns:
        *levels, name = pattern.split("/")
        fields = ("{group}", "{class}", "**", "*")
        varying = [level for level, text in enumerate(levels) if text in fields]
        is_simple = CLASS_AND_NUMBER.fullmatch(name) and not varying and not have_numbers
        if "{class}" in name and (not is_simple or share_word(names, r"[\W_]+")):
            return True
        n_varying.add(sum(levels[each] != "*" or varies(rows, each) for each in varying))
    return len(n_varying) > 1 or max(n_varying, default=0) > 1


def varies(rows: pd.DataFrame, level: int) -> bool:
    """Return whether a level of folders says more than the class.

    Google Drive packs `roses` as `roses-20241201T090000Z-001/roses`.
    """
    folders = rows["file"].str.split("/").str[level]
    if folders.str.fullmatch(DRIVE_FOLDER).all():
        return False
    pairs = set(zip(folders, rows["class"], strict=True))
    has_one_each = len(pairs) == folders.nunique() == rows["class"].nunique()
    return not has_one_each or any(name.lower() not in folder.lower() for folder, name in pairs)


def share_word(names: Sequence[str], border: str) -> bool:
    """Return whether two classes have a word in common. `border` is what divides words."""
    found: dict[str, str] = {}
    for name in names:
        words = {word.strip(one_class.BRACKETS) for word in re.split(border, name.lower())}
        for word in words - {""}:
            other = found.setdefault(word, name)
            if other != name and {other.lower(), name.lower()} != {word}:
                return True
    return False


def ask_about_unused_pictures(
    folder: Folder, reading: Reading, without_classes: Sequence[str]
) -> Iterator[str]:
    """Yield a question about pictures that are neither used nor those of another set."""
    unused = reading.unmatched
    named: set[str] = set()  # by the first columns of these tables
    for name in without_classes if unused else []:
        table = folder.list_opened_tables(name)[0]
        for value in table.read_texts(table.names[:1]).to_numpy().ravel():
            named.update(folder.pictures_by_end.get(value.strip(), []))
    unused = [name for name in unused if name not in named]
    if unused and not are_of_another_set(unused, reading.rows):
        count = f"{len(unused):,}, such as {unused[0]}"
        yield f"can the pictures that this line does not read ({count}) be left out?"


def are_of_another_set(names: Sequence[str], rows: pd.DataFrame) -> bool:
    """Return whether unused pictures are sets without classes, of which one is a test set.

    - Each of their folders has a word for a set that no used picture has in its folder.
    - Each set is one folder, and one of them is a test set.
    - No path has a class as a word.

    Beside a training set and a test set, they may lie in any single folder of their own. A few
    pictures beside all folders, such as `preview.png`, are no set, but have no class either.
    """
    words = {word for name in names for word in list_words(name)}
    if any(set() < list_words(name) <= words for name in rows["class"].unique()):
        return False
    used_folders = {posixpath.dirname(name) for name in rows.get("file", [])}
    used_words = {word for folder in used_folders for word in list_words(folder)}
    folders = {posixpath.dirname(name) for name in names}
    if folders == {""} and "" not in used_folders and len(names) <= MAX_FEW:
        return True
    if rows["test"].any():
        return len(folders) == 1 and not folders & {*used_folders, ""}
    sets = [list_set_words(folder) - used_words for folder in folders]
    has_one_folder_each = len(set(sets)) == len(folders)
    has_test = any(words_of_set & TEST_WORDS for words_of_set in sets)
    return all(sets) and has_one_folder_each and has_test


def ask_about_unused_files(
    folder: Folder, reading: Reading, without_classes: Sequence[str]
) -> Iterator[str]:
    """Yield a question about files that may say something about images."""
    classes = list(reading.rows["class"].unique())
    unused = [name for name in reading.unused_files if not is_document(name)]
    if not has_in_names(reading, "{class}"):  # otherwise they may have the classes
        unused = [name for name in unused if not is_beside_picture(folder, name)]
    known = set(without_classes)
    stems = {posixpath.splitext(name)[0] for name in reading.images.files}
    known.update(name for name in unused if posixpath.splitext(name)[0] in stems)
    counts = Counter(map(posixpath.basename, unused))
    repeated = {file for file, number in counts.items() if number > 1}
    small_texts = [name for name in unused if is_small_text(folder, name, classes, repeated)]
    if len(set(map(posixpath.basename, small_texts))) <= MAX_FEW:
        known.update(small_texts)
    unconverted = set(list_unconverted(list(folder.files.values())))
    are_asked = any(ask_about_unused_pictures(folder, reading, without_classes))
    places = {posixpath.dirname(name) for name in unused if are_asked}
    left_out = {each for each in places if is_left_out(each, reading)}
    doubtful = [
        name
        for name in unused
        if folder.files[name] in unconverted
        and name not in known
        and not is_unpacked(folder, name)
        and posixpath.dirname(name) not in left_out
        and not (posixpath.basename(name) in repeated and is_of_system(folder, name))
    ]
    if doubtful:
        yield f"can these files be ignored: {shorten(doubtful)}? {NO_IF}"


def is_document(name: str) -> bool:
    """Return whether a file is a document, or what a contest wants to be handed in."""
    file = posixpath.basename(name)
    return bool(DOCUMENT.fullmatch(file) or SUBMISSION.search(file))


def is_unpacked(folder: Folder, name: str) -> bool:
    """Return whether the file or the folder that was packed lies beside its package."""
    content = re.sub(r"(?i)(\.tar)?\.(gz|tar|tgz|zip)$", "", name)
    if content == name or content in folder.files:
        return content != name
    return any(path.startswith(f"{content}/") for path in folder.pictures)


def is_left_out(place: str, reading: Reading) -> bool:
    """Return whether a folder has pictures, of which none is used."""
    start = f"{place}/"
    if any(name.startswith(start) for name in reading.rows.get("file", [])):
        return False
    return any(name.startswith(start) for name in reading.unmatched)


def is_of_system(folder: Folder, name: str) -> bool:
    """Return whether a file may be one of an operating system, such as `_DS_Store`."""
    return "." not in posixpath.basename(name) and not is_text(read_start(folder.files[name]))


def is_beside_picture(folder: Folder, name: str) -> bool:
    """Return whether a file begins like a picture beside it, such as `1.jpg.json` and `1.txt`.

    It has what a camera or a program knows of this picture.
    """
    place, file = posixpath.split(name)
    starts = [posixpath.join(place, file[: dot.start()]) for dot in re.finditer(r"\.", file)]
    pictures = [each for start in starts for each in folder.pictures_by_end.get(start, [])]
    return place in map(posixpath.dirname, pictures)


def is_small_text(
    folder: Folder, name: str, classes: Sequence[str], repeated: Container[str]
) -> bool:
    """Return whether a file is a short text, or lists the classes, and names no picture.

    Google Photos writes a `metadata.json` into each folder. Such files are `repeated`.
    """
    if not name.lower().endswith((".txt", ".csv", ".json", ".names")):
        return False
    text = read_start(folder.files[name]).decode(errors="replace")
    words = [*re.split(r'[\s,;:"\[\]{}()]+', text), *re.findall(r'"([^"]+\.\w+)"', text)]
    if list_words(posixpath.basename(name)) & {*SET_WORDS, "split", "splits", "fold", "folds"}:
        return False
    if any(posixpath.basename(word) in folder.pictures_by_end for word in words):
        return False
    lines = [line for line in text.splitlines() if line.strip("[]{}, ")]  # not only brackets
    is_brief = len(lines) <= len(classes) + 1 and len(words) <= MAX_WORDS * len(classes)
    lists_classes = is_brief and all(each in text for each in classes)
    is_note = name.endswith(".json") and posixpath.basename(name) in repeated
    is_short = len(lines) <= MAX_LINES
    return lists_classes or (is_short and (is_note or name.lower().endswith(".txt")))


def ask_about_unused_columns(reading: Reading) -> Iterator[str]:
    """Yield questions about columns that may have sets, groups, other classes or flags."""
    others = []
    have_groups = False  # which are more than two
    for name, values in reading.unused_columns.items():
        if may_say_sets(name, values):
            listed = shorten(sorted(set(values)))
            yield (
                f"can the column {name} ({listed}) be ignored? If one of the words means the "
                "test set, answer no, and replace it by test in the table"
            )
        elif may_say_more(name, values, reading.rows["class"]):
            others.append(f"{name} ({values.nunique()} values)")
            have_groups |= values.nunique() > 2
    if others:
        hint = " If one says the person or object, put --group and its name after the line"
        yield f"can these columns be ignored: {shorten(others)}?{hint if have_groups else ''}"


def ask_about_unused_folders(reading: Reading) -> Iterator[str]:
    """Yield a question about folders, as of patients, in which a table's pictures are."""
    rows = reading.rows
    if isinstance(reading.parts[0], FilesPart) or "file" not in rows or "group" in rows:
        return
    levels = rows["file"].map(posixpath.dirname).str.split("/", expand=True).fillna("")
    for level in levels:
        names = levels[level].where(levels[level].map(find_set) == "", "")
        are_classes = set(names) - {""} <= set(rows["class"])  # which `contradict` compares
        if may_say_more("", names, rows["class"]) and not are_classes:
            name, file = max(zip(names, rows["file"], strict=True))
            yield ask_to_ignore([name], file, "add a column `group` to the table")
            return


def ask_about_unused_arrays(folder: Folder, reading: Reading) -> Iterator[str]:
    """Yield a question about arrays that may have groups or sets."""
    n_images = len(reading.rows)
    n_classes = reading.rows["class"].nunique()
    arrays = [
        name
        for name in reading.unused_arrays
        if may_be_groups(folder, name, n_images, n_classes)
    ]
    if arrays:
        yield f"can these arrays be ignored: {shorten(arrays)}? {NO_IF}"


def may_be_groups(folder: Folder, name: str, n_images: int, n_classes: int) -> bool:
    """Return whether an array may have groups or sets, and not ids, measurements or names."""
    array = folder.load_arrays([folder.find_array_file(name)])[name]
    if array.size == n_classes or (array.dtype.kind == "f" and (array % 1).any()):
        return False
    return bool(array.size != n_images or len(set(array.ravel().tolist())) < n_images)


def ask_about_sets(reading: Reading) -> Iterator[str]:
    """Yield questions about images that are called like the other set, and the test set."""
    rows = reading.rows
    if "file" in rows:
        sets = rows["file"].map(posixpath.dirname).map(find_set)
        is_in_train = sets == "train"
        is_in_test = rows["file"].map(posixpath.basename).str.match(TEST_NAME)
        if is_in_train.any() or rows["test"].any():  # otherwise a class may be a `blood test`
            is_in_test |= sets == "test"
        is_wrong = (is_in_test & ~rows["test"]) | (is_in_train & rows["test"])
        wrong = rows["file"][is_wrong]
        if len(wrong) and not is_in_test.all() and not is_in_train.all():
            which, other = "training", "test"
            if rows["test"][wrong.index[0]]:
                which, other = other, which
            yield (
                f"is it right that {wrong.iloc[0]} is in the {which} set? Its name or folder "
                f"says the {other} set"
            )
    of_test = rows["class"][rows["test"]]
    if of_test.nunique() == 1:
        yield f"is it right that the test set has no other class than {of_test.iloc[0]}?"


def ask_about_names(folder: Folder, reading: Reading) -> Iterator[str]:
    """Yield questions about pictures that are called like others, as masks are."""
    rows = reading.rows
    have_pictures = any(isinstance(part, TablePart) and part.picture for part in reading.parts)
    if "file" not in rows or have_pictures:
        return
    stems = list_stems(rows)
    folders = rows["file"].map(posixpath.dirname)
    are_files = isinstance(reading.parts[0], FilesPart)
    places = [folders]
    if are_files and "group" not in rows:
        places.append(rows["class"] + "/" + folders.map(list_set_words).map(sorted).map(str))
    pairs = [find_longer_names(rows["file"], stems)]
    pairs += [find_equal_names_in_a_place(rows["file"], stems, place) for place in places]
    if any("{class}/" in pattern for pattern in list_patterns(reading)):
        by_folder = stems.groupby(folders)
        pairs += [find_names_with_other_words(rows["file"], inside) for _, inside in by_folder]
    for first, second in islice(chain.from_iterable(pairs), 1):
        yield (
            f"is {second} a picture of its own, and not a mask or a copy of {first}? If not, "
            f"move such files out of {folder.root}"
        )
    if "group" not in rows:
        yield from ask_about_possible_groups(rows, stems, folders)
    if are_files:
        yield from ask_about_versions(folder, reading)


def ask_about_possible_groups(
    rows: pd.DataFrame, stems: pd.Series, folders: pd.Series
) -> Iterator[str]:
    """Yield a question if names begin alike, as those of a patient's pictures and of copies.

    For example, `patient3_34`, `10_left`, and `cat.rf.0123abcd`, which has a checksum. A date
    says no more than when a camera has made a picture.
    """
    ends = stems.str.replace(DATE, "", regex=True).str.extract(BEFORE_END)
    rests = stems.str.replace(CHECKSUM, "", regex=True)
    n_same = rests.map(rests.value_counts())
    copies = rests.where((rests != stems) & (n_same <= MAX_COPIES))
    kinds = [(ends[0], rows["class"], 0.5), (ends[1], folders, 0.5), (copies, folders, 0)]
    files = rows["file"].map(posixpath.basename)
    for _, groups in list_groups(next(list_fields(files, "*"), ""), files):
        if all(map(CODE_IN_NAME.fullmatch, groups.values())):  # of a patient, such as C33P1
            kinds.append((files.map(groups), folders, 0.5))
    for names, places, share in kinds:
        for _, inside in names.groupby(places):
            counts = inside.value_counts()
            repeated = counts[counts > 1]
            if len(repeated) > 1 and repeated.sum() > share * len(inside):
                first, second = rows["file"][inside.index[inside == repeated.index[0]][:2]]
                yield (
                    f"do {first} and {second} show two different persons or objects? If they "
                    f"show one, {WRITE_GROUPS}"
                )
                return


def find_longer_names(files: pd.Series, stems: pd.Series) -> Iterator[tuple[str, str]]:
    """Yield a picture, and one that has its name and more, such as `1.png` and `1_mask.png`."""
    by_stem: dict[str, str] = dict(zip(stems, files, strict=True))
    by_path = {posixpath.splitext(file)[0]: file for file in files}
    for stem, file in zip(stems, files, strict=True):
        start = file[: file.rindex(stem)]  # its folder, with a slash
        shorter = [each for each in list_shorter(stem) if each in by_stem]
        for each in shorter[:1]:
            yield by_path.get(start + each, by_stem[each]), file


def find_equal_names_in_a_place(
    files: pd.Series, stems: pd.Series, places: pd.Series
) -> Iterator[tuple[str, str]]:
    """Yield the first two pictures of one name and place, such as `1.png` and `1.jpg`."""
    names = places + "/" + stems
    is_second = names.duplicated()
    if is_second.any():
        name = names[is_second].iloc[0]
        yield files[names == name].iloc[0], files[is_second].iloc[0]


def find_names_with_other_words(
    files: pd.Series, stems: pd.Series
) -> Iterator[tuple[str, str]]:
    """Yield two pictures whose names differ in a word, if nearly all of the folder are such."""
    by_rest: dict[Any, list[str]] = defaultdict(list)
    for file, stem in zip(files[stems.index], stems, strict=True):
        for word in WORD.finditer(stem):
            if word[0] != stem:  # such as `tabby`
                by_rest[stem[: word.start()], stem[word.end() :]].append(file)
    alike = [same for same in by_rest.values() if len(same) > 1]
    if len({file for same in alike for file in same}) > NEARLY_ALL * len(stems):
        yield alike[0][0], alike[0][1]


def list_shorter(stem: str) -> Iterator[str]:
    """Yield a name without its end, its beginning, or one of its words.

    For example, `1` for `1_mask`, `1b` and `mask_1`. Numbers are kept: `cat 2` may stand
    beside `cat`, and browsers write `cat (2)`.
    """
    for end in re.finditer(r"(?=[\W_]+[^\W\d_])|(?<=\d)(?=[^\W\d_])", stem):
        yield stem[: end.start()]
    for word in WORD.finditer(stem):
        start, rest = stem[: word.start()], stem[word.end() :]
        yield from [start + rest, start + rest.lstrip("_- ."), rest.lstrip("_- .")]


def is_copy(name: str, names: Sequence[str]) -> bool:
    """Return whether a name is another one and more, such as `cat (2)` and `Copy of cat`."""
    for sign in re.finditer(r"(?<=.)[\W_]+(?=.)", name):
        start, end = name[: sign.start()], name[sign.end() :]
        if start in names or (end in names and re.search(r"\w\W+\w", start)):  # not `no cat`
            return True
    return False


def ask_about_classes(reading: Reading) -> Iterator[str]:
    """Yield questions about the names of the classes."""
    names = list(reading.rows["class"].unique())
    if isinstance(reading.parts[0], FilesPart):
        doubtful = list_doubtful_folders(sorted(names, key=natural_key))
        if doubtful:
            listed = shorten(doubtful)
            yield (
                "are these folder names classes, and not dates, places, persons or kinds of "
                f"files: {listed}? If not, move the folders elsewhere, or write labels.csv"
            )
    else:
        if share_word(names, BETWEEN_LABELS):
            yield ask_for_classes(reading.rows)
        divided = [name for name in names if SEVERAL_LABELS.search(name)]
        if normalize_name(reading.class_column) in ("tags", "labels", "targets"):
            divided += [name for name in names if " " in name]
        if divided:
            yield (
                f"is {divided[0]} one class, and not several things in one picture? If not, "
                "write one class for each picture"
            )
    equal = find_equal_names(names)
    if equal:
        yield f"are these different classes: {shorten(equal)}? If not, give all one class"
    numbers = [name for name in names if name == "-1" or FRACTION.fullmatch(name)]
    if numbers:
        yield (
            f"is {numbers[0]} one of the classes, and no measured value? If it means "
            "unknown, answer no, and empty these cells"
        )
    is_latin = any(
        isinstance(part, TablePart) and part.encoding == "latin-1" for part in reading.parts
    )
    # A text in another encoding has several such characters.
    odd = [name for name in names if re.search("[\x80-\xff].*[\x80-\xff]", name)]
    if is_latin and odd:
        yield (
            f"is {odd[0]} the right spelling? If not, the table has another encoding than "
            "latin-1, which `encoding` in the layout says"
        )


def are_models(codes: Sequence[str]) -> bool:
    """Return whether codes have round numbers, or several letters and far numbers.

    For example, `speed_30` and `speed_50`, `F16` and `C130`. People are numbered one by one, or
    have the same letters.
    """
    pairs = [re.fullmatch(r"(\D+)(\d+)", code) for code in codes]
    letters = {pair[1] for pair in pairs if pair}
    numbers = sorted(int(pair[2]) for pair in pairs if pair)
    if len(numbers) < len(codes):
        return False
    gaps = [high - low for low, high in pairwise(numbers)]
    return math.gcd(*numbers) in ROUND or (len(letters) > 1 and min(gaps) > 10)


def list_doubtful_folders(names: Sequence[str]) -> list[str]:
    """Return the names of folders that are probably no classes."""
    doubtful = [
        name for name in names if UNLIKELY_CLASS.fullmatch(name) or is_copy(name, names)
    ]
    if {"train", "test"} <= set(map(find_set, names)):
        doubtful += filter(find_set, names)
    codes = [
        name
        for name in names
        if not CODE_OF_CLASS.fullmatch(name) and (CODE.fullmatch(name) or DATE.search(name))
    ]
    if len(codes) >= max(2, len(names) / 2) and not are_models(codes):
        doubtful += codes
    numbers = sorted(int(name) for name in names if name.isdecimal())
    are_digits = not numbers or numbers[-1] < 10 or math.gcd(*numbers) in ROUND
    if not are_digits and numbers[-1] - numbers[0] + 1 > 2 * len(numbers):  # these are ids
        doubtful += names
    return list(dict.fromkeys(doubtful))
