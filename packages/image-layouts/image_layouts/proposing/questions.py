"""Ask the owner about a proposed layout that may be wrong.

A layout that is taken without a question uses every picture, file, array, row and level of
folders, and nothing speaks against it. The words and expressions here only raise questions.
None of them decides what files mean.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from image_layouts.checking import one_class
from image_layouts.checking.class_names import find_equal_names
from image_layouts.errors import shorten
from image_layouts.layout.folder import Folder
from image_layouts.layout.reading import Reading
from image_layouts.layout.table_file import read_start
from image_layouts.proposing.advice import list_unconverted
from image_layouts.proposing.columns import FRACTION, may_say_more, may_say_sets
from image_layouts.proposing.sets import (
    DATE,
    SET_WORDS,
    SUBMISSION,
    TEST_WORDS,
    find_set,
    list_set_words,
    list_words,
)
from image_layouts.proposing.versions import ask_about_versions
from image_layouts.schema import FilesPart, TablePart

# Files that say nothing about single images: documents, programs, and what datasets of Hugging
# Face have.
DOCUMENT = re.compile(
    r"""
    .* \. (docx? | html? | md | pdf | rst | rtf | py | ipynb | sh | bib | cff)
    | (readme | licen[cs]e | copying | citation | changelog) .*
    | (dataset_dict | dataset_infos? | state) \.json
    """,
    re.IGNORECASE | re.VERBOSE,
)
MAX_SMALL_TEXTS = 3  # beside the pictures
MAX_LINES = 100  # of a small text

# The only names with the class that are taken, such as `cat.1.jpg` and `cat (1).jpg`.
CLASS_AND_NUMBER = re.compile(r"\{class\}([._ -] ?#| ?\(#\))\.\*")

# Folders that are probably no class, such as `to_sort`, and names that cameras give.
UNLIKELY_CLASS = re.compile(
    r"""
    (.*[\W_])?
    (
        unlabell?ed | unknown | thumb(nail)?s? | annotations? | augmented | augmentation
        | images? | img | labels? | dsc[nf]? | pxl | pictures? | frames? | scans?
        | unsorted | to[\W_]?(check|delete|do|label|review|sort) | te?mp | backup | duplicates?
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Folders that are called like people, places, days or cameras.
CODE = re.compile(
    r"""
    [^\W\d_]+ [\s_-]? \d+          # AF01, patient_3
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

# What is before the last number of a name that has two, or before the last word if a number is
# before it: `patient3_` of `patient3_34`, `10` of `10_left`.
BEFORE_END = r"^(.*\d.*\D)\d+$|^(.*\d)[\W_]*[^\W\d_]+$"
# Digits and letters from a to f, as programs write them into the names of copies.
CHECKSUM = re.compile(r"(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{8,}(-[\da-f]{4,})*", re.IGNORECASE)
MAX_COPIES = 10  # of a picture; if more names differ only in a checksum, they say no more

WORD = re.compile(r"[^\W\d_]+")
# What may be between several labels in one value. A number such as `1,000` is a single one.
BETWEEN_LABELS = r"(?<!\d)[|;,/&+]|[|;,/&+](?!\d)"

# The share of the pictures of a class, or of a folder, that makes a question.
NEARLY_ALL = 0.9


def list_questions(
    folder: Folder, reading: Reading, without_classes: Sequence[str]
) -> list[str]:
    """Return why a layout is not taken without a question.

    Tables `without_classes` have all columns of another table but its classes.
    """
    return [
        *ask_about_names_with_fields(reading),
        *ask_about_levels(reading),
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


def list_stems(rows: pd.DataFrame) -> pd.Series:
    """Return the names of the pictures, without folders and endings."""
    return rows["file"].map(lambda name: posixpath.splitext(posixpath.basename(name))[0])


def ask_about_names_with_fields(reading: Reading) -> Iterator[str]:
    """Yield questions if the names of the pictures, and not their folders, have a field."""
    for pattern in list_patterns(reading):
        folder, name = posixpath.split(pattern)
        if "{group}" in name:
            yield "the names of the pictures would have the groups"
            return
        if "{class}" in name:
            varies = "{" in folder or "*" in folder.split("/")
            if varies or not CLASS_AND_NUMBER.fullmatch(name):
                yield "the names of the pictures would have the classes"
            else:
                names = list(reading.rows["class"].unique())
                yield from ask_about_words(names, r"[\W_]+")
                if any(re.search(r"\d", name) for name in names):
                    yield "numbers in the names of the pictures would be classes"
            return


def ask_about_words(names: Sequence[str], border: str) -> Iterator[str]:
    """Yield a question about classes if two share a word. `border` is what divides words."""
    words_of_all = [
        [word.strip(one_class.BRACKETS) for word in re.split(border, name.lower())]
        for name in names
    ]
    counts = Counter(word for words in words_of_all for word in dict.fromkeys(words))
    shared = [word for word, number in counts.items() if word and number > 1]
    if shared and max(map(len, words_of_all)) > 1:
        yield f"{shared[0]} stands in the names of several classes"


def ask_about_levels(reading: Reading) -> Iterator[str]:
    """Yield a question if several levels of folders vary."""
    n_varying = []
    for pattern in list_patterns(reading):
        levels = pattern.split("/")[:-1]
        n_varying.append(sum(level in ("*", "{group}", "{class}") for level in levels))
    if n_varying and (max(n_varying) > 1 or min(n_varying) < max(n_varying)):
        yield "several levels of folders vary"


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
        yield f"unused pictures: {len(unused)}, first {unused[0]}"


def are_of_another_set(names: Sequence[str], rows: pd.DataFrame) -> bool:
    """Return whether unused pictures are a test set without classes, or a validation set.

    - Each of their folders has a word for a set that no used picture has in its folder.
    - Each set is one folder, and one of them is a test set.
    - No name has a class as a word.
    """
    if rows["test"].any():
        return False
    words = {word for name in names for word in list_words(posixpath.basename(name))}
    if words & {name.lower() for name in rows["class"].unique()}:
        return False
    used_folders = {posixpath.dirname(name) for name in rows.get("file", [])}
    used_words = {word for folder in used_folders for word in list_words(folder)}
    folders = {posixpath.dirname(name) for name in names}
    sets = [list_set_words(folder) - used_words for folder in folders]
    has_one_folder_each = len(set(sets)) == len(folders)
    has_test = any(words_of_set & TEST_WORDS for words_of_set in sets)
    return all(sets) and has_one_folder_each and has_test


def ask_about_unused_files(
    folder: Folder, reading: Reading, without_classes: Sequence[str]
) -> Iterator[str]:
    """Yield a question about files that may say something about images."""
    classes = list(reading.rows["class"].unique())
    unused = reading.unused_files
    known = set(without_classes)
    small_texts = [name for name in unused if is_small_text(folder, name, classes)]
    if len(small_texts) <= MAX_SMALL_TEXTS:
        known.update(small_texts)
    unconverted = set(list_unconverted(list(folder.files.values())))
    doubtful = []
    for name in unused:
        file = posixpath.basename(name)
        is_document = DOCUMENT.fullmatch(file) or SUBMISSION.search(file)
        is_unpacked = name.endswith(".gz") and name.removesuffix(".gz") in folder.files
        is_known = name in known or is_document or is_unpacked
        if not is_known and folder.files[name] in unconverted:
            doubtful.append(name)
    if doubtful:
        yield f"unused files: {len(doubtful)}, first {doubtful[0]}"


def is_small_text(folder: Folder, name: str, classes: Sequence[str]) -> bool:
    """Return whether a file is a short text, or lists the classes, and names no picture."""
    if not name.lower().endswith((".txt", ".csv", ".json", ".names")):
        return False
    text = read_start(folder.files[name]).decode(errors="replace")
    words = [*re.split(r"[\s,;]+", text), *re.findall(r'"([^"]+\.\w+)"', text)]
    if list_words(posixpath.basename(name)) & {*SET_WORDS, "split", "splits", "fold", "folds"}:
        return False
    if any(posixpath.basename(word) in folder.pictures_by_end for word in words):
        return False
    lines = [line for line in text.splitlines() if line.strip("[]{}, ")]  # not only brackets
    lists_classes = len(lines) <= len(classes) + 1 and all(each in text for each in classes)
    return lists_classes or (name.lower().endswith(".txt") and len(lines) <= MAX_LINES)


def ask_about_unused_columns(reading: Reading) -> Iterator[str]:
    """Yield questions about columns that may have sets, groups, other classes or flags."""
    others = []
    for name, values in reading.unused_columns.items():
        if may_say_sets(name, values):
            yield f"the column {name} may say the sets: {shorten(sorted(set(values)))}"
        elif may_say_more(values, reading.rows["class"]):
            others.append(f"{name} ({values.nunique()} values)")
    if others:
        yield (
            f"columns are not used: {shorten(others)}; if images with one value of a column "
            "belong together, add --group COLUMN"
        )


def ask_about_unused_folders(reading: Reading) -> Iterator[str]:
    """Yield a question about folders, as of patients, in which a table's pictures are."""
    rows = reading.rows
    if isinstance(reading.parts[0], FilesPart) or "file" not in rows or "group" in rows:
        return
    levels = rows["file"].map(posixpath.dirname).str.split("/", expand=True).fillna("")
    for level in levels:
        names = levels[level].where(levels[level].map(find_set) == "", "")
        are_classes = set(names) <= set(rows["class"])  # which `contradict` compares
        if may_say_more(names, rows["class"]) and not are_classes:
            yield (
                f"the pictures lie in {names.nunique()} folders, such as {names.max()}; if "
                "these are groups, write a column of them"
            )
            return


def ask_about_unused_arrays(folder: Folder, reading: Reading) -> Iterator[str]:
    """Yield a question about arrays that may have groups or sets."""
    n_images = len(reading.rows)
    arrays = [name for name in reading.unused_arrays if may_be_groups(folder, name, n_images)]
    if arrays:
        yield f"the arrays {shorten(arrays)} are not used"


def may_be_groups(folder: Folder, name: str, n_images: int) -> bool:
    """Return whether an array may have groups or sets, and not ids or measurements."""
    array = folder.load_arrays([folder.find_array_file(name)])[name]
    if array.dtype.kind == "f" and (array % 1).any():
        return False
    return bool(array.size != n_images or len(set(array.ravel().tolist())) < n_images)


def ask_about_sets(reading: Reading) -> Iterator[str]:
    """Yield questions about images that are called like the other set, and the test set."""
    rows = reading.rows
    if "file" in rows:
        is_in_test = rows["file"].map(is_called_test)
        is_in_train = rows["file"].map(posixpath.dirname).map(find_set) == "train"
        is_wrong = (is_in_test & ~rows["test"]) | (is_in_train & rows["test"])
        wrong = rows["file"][is_wrong]
        if len(wrong) and not is_in_test.all() and not is_in_train.all():
            yield (
                f"{len(wrong)} images are called like those of another set, first "
                f"{wrong.iloc[0]}"
            )
    if rows["test"].any() and rows["class"][rows["test"]].nunique() == 1:
        yield "all images of the test set are of one class"


def is_called_test(name: str) -> bool:
    """Return whether a folder of a picture is called like a test set, or it is `test1.jpg`."""
    folder, file = posixpath.split(name)
    return find_set(folder) == "test" or bool(re.match(r"(?i)test[a-z]?(?![a-z])", file))


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
    names = set(stems)
    alike = [stems.map(lambda stem: any(each in names for each in list_shorter(stem)))]
    alike += [
        pd.DataFrame({"name": stems, "place": place}).duplicated(keep=False) for place in places
    ]
    files = rows["file"][np.any(alike, axis=0)]
    if len(files):
        yield (
            f"{len(files)} pictures have the name of another one, or this name and more, first "
            f"{files.iloc[0]}"
        )
    has_folders = any("{class}/" in pattern for pattern in list_patterns(reading))
    if has_folders and stems.groupby(folders).agg(differ_in_a_word).any():
        yield "names of pictures differ from another one only in a word"
    if "group" not in rows:
        yield from ask_about_possible_groups(stems, rows["class"], folders)
    if are_files:
        yield from ask_about_versions(folder, rows)


def ask_about_possible_groups(
    stems: pd.Series, classes: pd.Series, folders: pd.Series
) -> Iterator[str]:
    """Yield a question if names begin alike, as those of a patient's pictures and of copies.

    For example, `patient3_34`, `10_left`, and `cat.rf.0123abcd`, which has a checksum. A date
    says no more than when a camera has made a picture.
    """
    ends = stems.str.replace(DATE, "", regex=True).str.extract(BEFORE_END)
    rests = stems.str.replace(CHECKSUM, "", regex=True)
    n_same = rests.map(rests.value_counts())
    copies = rests.where((rests != stems) & (n_same <= MAX_COPIES))
    kinds = [(ends[0], classes, 0.5), (ends[1], folders, 0.5), (copies, folders, 0)]
    for names, places, share in kinds:
        for _, inside in names.groupby(places):
            counts = inside.value_counts()
            repeated = counts[counts > 1]
            if len(repeated) > 1 and repeated.sum() > share * len(inside):
                first = stems[inside.index[inside == repeated.index[0]][0]]
                yield (
                    f"several pictures are called almost like {first}, others like something "
                    "else; if each is one person or thing, the names have the groups"
                )
                return


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


def differ_in_a_word(stems: pd.Series) -> bool:
    """Return whether nearly each picture of a folder differs from another one in one word."""
    rests = [
        {(stem[: word.start()], stem[word.end() :]) for word in WORD.finditer(stem)}
        for stem in stems
        if not WORD.fullmatch(stem)  # such as `tabby`
    ]
    counts = Counter(rest for rests_of_stem in rests for rest in rests_of_stem)
    n_alike = sum(any(counts[rest] > 1 for rest in each) for each in rests)
    return n_alike > NEARLY_ALL * len(stems)


def ask_about_classes(reading: Reading) -> Iterator[str]:
    """Yield questions about the names of the classes."""
    names = list(reading.rows["class"].unique())
    if isinstance(reading.parts[0], FilesPart):
        doubtful = list_doubtful_folders(names)
        if doubtful:
            yield f"{shorten(doubtful)}: such names are mostly of people, days, masks or copies"
    else:
        yield from ask_about_words(names, BETWEEN_LABELS)
        divided = [name for name in names if re.search(r"[|;]|^[\[({].*,", name)]
        if divided:
            yield f"{divided[0]} would be a class, and may be several labels"
    yield from find_equal_names(names)
    if any(name == "-1" or FRACTION.fullmatch(name) for name in names):
        yield "a class is -1, or a fraction"
    is_latin = any(
        isinstance(part, TablePart) and part.encoding == "latin-1" for part in reading.parts
    )
    # A text in another encoding has several such characters.
    odd = [name for name in names if re.search("[\x80-\xff].*[\x80-\xff]", name)]
    if is_latin and odd:
        yield f"the class {odd[0]} may be in another encoding than latin-1"


def list_doubtful_folders(names: Sequence[str]) -> list[str]:
    """Return the names of folders that are probably no classes."""
    doubtful = [
        name
        for name in names
        if UNLIKELY_CLASS.fullmatch(name) or find_set(name) or is_copy(name, names)
    ]
    codes = [
        name
        for name in names
        if not CODE_OF_CLASS.fullmatch(name) and (CODE.fullmatch(name) or DATE.search(name))
    ]
    if len(codes) >= len(names) / 2:
        doubtful += codes
    numbers = sorted(int(name) for name in names if name.isdecimal())
    if numbers and numbers[-1] - numbers[0] + 1 > 2 * len(numbers):  # these are ids
        doubtful += names
    return list(dict.fromkeys(doubtful))
