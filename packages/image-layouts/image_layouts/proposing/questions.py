"""Why a layout is not taken without a question.

It has to use every picture, file, array, row and level of folders, and nothing may speak
against it. The words and expressions here only ask: none of them decides what files mean.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from image_layouts.checking.class_names import find_equal_names
from image_layouts.errors import shorten
from image_layouts.layout.place import Place
from image_layouts.layout.table_file import read_start
from image_layouts.proposing.advice import list_unconverted
from image_layouts.proposing.choice import Choice
from image_layouts.proposing.columns import may_say_more, may_say_sets
from image_layouts.proposing.sets import SET_WORDS, SUBMISSION, TEST_WORDS, find_set, list_words
from image_layouts.schema import FilesPart, TablePart

# Files that say nothing about single images: documents, programs, and what datasets of Hugging
# Face have.
DOCUMENT = re.compile(
    r"(?i).*\.(docx?|html?|md|pdf|rst|rtf|py|ipynb|sh|bib|cff)|(readme|licen[cs]e|copying|"
    r"citation|changelog).*|dataset_(dict|infos?)\.json|state\.json"
)
MAX_NOTES = 3  # small texts beside the pictures
MAX_LINES = 100  # of a small text
WORDS = re.compile(r"[\s,;]+")

# The class, a sign and a number, and nothing else in the name of a picture: cat.1.jpg
CLASS_AND_NUMBER = re.compile(r"\{class\}([._ -] ?#| ?\(#\))\.\*")

# Folders that are probably no class, and names that cameras give to pictures.
NO_CLASS = re.compile(
    r"(?i)(.*[\W_])?(unlabell?ed|unknown|masks?|msk|thumb(nail)?s?|annotations?|segmentations?|"
    r"ground[\W_]?truth|gt|originals?|augmented|augmentation|images?|img|labels?|dsc[nf]?|pxl|"
    r"photos?|pictures?|frames?|scans?|left|right)"
)
# A code or a numbered thing, such as AF01, patient_3, site_b or 2024-05-17, unless its word
# says that it is a class. ImageNet's codes of classes have a letter and eight digits.
CODE = re.compile(
    r"(?P<word>[^\W\d_]+?)[\s_-]?(\d+|(?<=[\s_-])[a-z])|[\d\W_]*\d[\W_]\d[\d\W_]*", re.I
)
CODE_OF_CLASS = re.compile(r"n\d{8}|(?i:class|grade|level|stage|type|category|label)\W?_?\w+")
# What is before the last number of a name, if it has a number itself.
NUMBERED_THING = r"^(.*\d.*\D)\d+$"
DATE = re.compile(r"(?<!\d)(19|20)\d\d[-_.]?\d\d([-_.]?\d\d)?(?!\d)")

MIN_SAME = 0.9  # of the pictures of a class that have the names of those of another one


def list_questions(place: Place, choice: Choice, without_classes: Sequence[str]) -> list[str]:
    """Return why a layout is not taken without a question.

    `without_classes` are tables with columns of used ones, apart from the class.
    """
    return [
        *ask_about_levels(choice),
        *ask_about_rest(place, choice, without_classes),
        *ask_about_sets(choice),
        *ask_about_names(choice),
        *ask_about_classes(choice),
    ]


def list_patterns(choice: Choice) -> list[str]:
    """Return the patterns of pictures in a layout."""
    parts = [part for part in choice.parts if isinstance(part, FilesPart)]
    return [pattern for part in parts for pattern in part.files]


def ask_about_levels(choice: Choice) -> Iterator[str]:
    """Yield a question if names have the classes, or if several levels of folders vary."""
    patterns = list_patterns(choice)
    for pattern in patterns:
        folder, name = posixpath.split(pattern)
        is_flat = not re.search(r"\{|(^|/)\*(/|$)", folder)
        if "{group}" in name:
            yield "the names of the pictures would have the groups"
            break
        if "{class}" in name and not (CLASS_AND_NUMBER.fullmatch(name) and is_flat):
            yield "the names of the pictures would have the classes"
            break
        if "{class}" in name:
            yield from ask_about_words(list(choice.rows["class"].unique()))
            break
    levels = [
        [level for level in pattern.split("/")[:-1] if level in ("*", "{group}", "{class}")]
        for pattern in patterns
    ]
    if any(len(each) > 1 for each in levels) or len(set(map(len, levels))) > 1:
        yield "several levels of folders vary"


def ask_about_words(names: Sequence[str]) -> Iterator[str]:
    """Yield a question about classes in names, if a word is in several, or one is no word."""
    words = Counter(word for name in names for word in set(re.split(r"[\W_]+", name.lower())))
    shared = [word for word, number in words.items() if number > 1]
    if shared:
        yield f"{shared[0]} stands in the names of several classes"
    if any(re.search(r"\d", name) for name in names):
        yield "numbers in the names of the pictures would be classes"


def ask_about_rest(
    place: Place, choice: Choice, without_classes: Sequence[str]
) -> Iterator[str]:
    """Yield questions about what is not used: pictures, files, columns and arrays."""
    reading, rows = choice.reading, choice.rows
    tables = without_classes if reading.unmatched else []
    named = {picture for name in tables for picture in list_named(place, name)}
    rest = [name for name in reading.unmatched if name not in named]
    if rest and not are_of_another_set(rest, rows):
        yield f"unused pictures: {len(rest)}, first {rest[0]}"
    classes = list(rows["class"].unique())
    texts = [name for name in reading.unused_files if is_small_text(place, name, classes)]
    notes = texts if len(texts) <= MAX_NOTES else []
    unconverted = set(list_unconverted(list(place.files.values())))
    files = [
        name
        for name in reading.unused_files
        if place.files[name] in unconverted
        and name not in without_classes
        and name not in notes
        and not DOCUMENT.fullmatch(posixpath.basename(name))
        and not SUBMISSION.search(posixpath.basename(name))
        and not (name.endswith(".gz") and name[:-3] in place.files)  # an unpacked copy
    ]
    if files:
        yield f"unused files: {len(files)}, first {files[0]}"
    for name, values in reading.unused_columns.items():
        if may_say_sets(name, values):
            listed = shorten(sorted(set(values)))
            yield f"the column {name} may say the sets: {listed}"
    yield from ask_about_columns(choice)
    arrays = [name for name in reading.unused_arrays if may_be_groups(place, name, len(rows))]
    if arrays:
        yield f"the arrays {shorten(arrays)} are not used"


def ask_about_columns(choice: Choice) -> Iterator[str]:
    """Yield a question about unused columns that may have groups, other classes or flags."""
    others = [
        f"{name} ({values.nunique()} values)"
        for name, values in choice.reading.unused_columns.items()
        if may_say_more(values, choice.rows["class"]) and not may_say_sets(name, values)
    ]
    if others:
        yield (
            f"columns are not used: {shorten(others)}; if images with one value of a column "
            "belong together, add --group COLUMN"
        )


def list_named(place: Place, name: str) -> Iterator[str]:
    """Yield the pictures that a table names, such as those of a test set without classes."""
    table = place.list_opened_tables(name)[0]
    for value in table.read_texts(table.names[:1]).to_numpy().ravel():  # its ids
        yield from place.pictures_by_end.get(value.strip(), [])


def are_of_another_set(names: Sequence[str], rows: pd.DataFrame) -> bool:
    """Return whether unused pictures are a test set without classes, or a validation set.

    All their folders have a word for a set that no image of the layout has in its folder, and
    no name has a class as a word.
    """
    if rows["test"].any():
        return False
    words = {word for name in names for word in list_words(posixpath.basename(name))}
    has_classes = bool(words & {name.lower() for name in rows["class"]})
    used = {posixpath.dirname(name) for name in rows.get("file", [])}
    words_of_used = {word for folder in used for word in list_words(folder)}
    folders = {posixpath.dirname(name) for name in names}
    sets = [frozenset(list_words(folder) & SET_WORDS) - words_of_used for folder in folders]
    are_flat = len(set(sets)) == len(folders)  # in one folder for each set
    return (
        all(sets) and are_flat and any(map(TEST_WORDS.intersection, sets)) and not has_classes
    )


def is_small_text(place: Place, name: str, classes: Sequence[str]) -> bool:
    """Return whether a file has few lines, or one for each class, and names no picture."""
    if not name.lower().endswith((".txt", ".csv", ".json", ".names")):
        return False
    text = read_start(place.files[name]).decode(errors="replace")
    if any(posixpath.basename(word) in place.pictures_by_end for word in WORDS.split(text)):
        return False
    n_lines = len([line for line in text.splitlines() if line.strip("[]{}, ")])
    lists_classes = n_lines <= len(classes) + 1 and all(each in text for each in classes)
    return lists_classes or (name.lower().endswith(".txt") and n_lines <= MAX_LINES)


def may_be_groups(place: Place, name: str, n_images: int) -> bool:
    """Return whether an array may have groups or sets, and not ids or measurements."""
    array = place.load_arrays([place.find_array_file(name)])[name]
    if array.dtype.kind == "f" and (array % 1).any():
        return False
    return array.size != n_images or len(set(array.ravel().tolist())) < array.size


def ask_about_sets(choice: Choice) -> Iterator[str]:
    """Yield questions about images in folders of the other set, and about the test set."""
    rows = choice.rows
    if "file" in rows:
        in_test = rows["file"].map(is_called_test)
        in_train = rows["file"].map(posixpath.dirname).map(find_set) == "train"
        wrong = rows["file"][in_test & ~rows["test"] | in_train & rows["test"]]
        if len(wrong) and not in_test.all() and not in_train.all():
            yield (
                f"{len(wrong)} images are called like those of the other set, first "
                f"{wrong.iloc[0]}"
            )
    if rows["test"].any() and rows["class"][rows["test"]].nunique() == 1:
        yield "all images of the test set are of one class"


def is_called_test(name: str) -> bool:
    """Return whether a folder of a picture is called like a test set, or its name begins so."""
    folder, file = posixpath.split(name)
    return find_set(folder) == "test" or bool(re.match(r"(?i)test[a-z]?(?![a-z])", file))


def ask_about_names(choice: Choice) -> Iterator[str]:
    """Yield questions about pictures that are called like others, as masks are."""
    rows = choice.rows
    if "file" not in rows or any(getattr(part, "picture", "") for part in choice.parts):
        return
    by_folder: dict[str, list[str]] = defaultdict(list)
    for folder, file in map(posixpath.split, rows["file"]):
        by_folder[folder].append(posixpath.splitext(file)[0])
    longer = []
    for folder, stems in by_folder.items():
        counts = Counter(stems)
        longer += [
            posixpath.join(folder, stem)
            for stem in counts
            if counts[stem] > 1 or any(rest in counts for rest in list_shorter(stem))
        ]
    if len(longer) > 1:
        yield (
            f"{len(longer)} pictures are called like another one, or so with something added, "
            f"first {longer[0]}"
        )
    has_folders = any("{class}/" in pattern for pattern in list_patterns(choice))
    if has_folders and any(map(differ_in_a_word, by_folder.values())):
        yield "names of pictures differ from another one only in a word"
    if "group" not in rows:
        yield from ask_about_numbered_things(rows)
    if isinstance(choice.parts[0], FilesPart):
        yield from ask_about_copies(rows)
        yield from ask_about_same_names(rows)


def ask_about_numbered_things(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a question if pictures are numbered twice, as the pictures of several patients are.

    Names such as `patient3_34.png` begin alike, up to their last number. A date says no more
    than when a camera has made a picture.
    """
    stems = rows["file"].map(lambda name: posixpath.splitext(posixpath.basename(name))[0])
    starts = stems.str.replace(DATE, "", regex=True).str.extract(NUMBERED_THING)[0]
    things = rows.assign(start=starts)[["class", "start"]].dropna()
    counts = things.value_counts()
    repeated = counts[counts > 1]
    has_several = repeated.groupby("class").size().max() > 1 if len(repeated) else False
    if has_several and repeated.sum() > len(rows) / 2:
        yield (
            f"several pictures begin with {repeated.index[0][1]}, others with another number; "
            "if each number is that of a person or a thing, the names have the groups"
        )


def ask_about_copies(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a question about pictures of one class and name in folders of the same set."""
    names = pd.DataFrame(
        {
            "class": rows["class"],
            "name": rows["file"].map(posixpath.basename),
            "sets": rows["file"].map(list_sets),
        }
    )
    are_copies = names.duplicated()
    if are_copies.any() and "group" not in rows:
        yield (
            f"{are_copies.sum()} pictures have the name and the class of another one, first "
            f"{rows['file'][are_copies].iloc[0]}"
        )


def list_sets(name: str) -> str:
    """Return the words for sets in the folders of a picture."""
    return " ".join(sorted(list_words(posixpath.dirname(name)) & SET_WORDS))


def list_shorter(stem: str) -> Iterator[str]:
    """Yield a name without its end, its beginning, or one of its words.

    A number is no such part: `cat 2` may stand beside `cat`, and browsers write `cat (2)`.
    """
    for end in re.finditer(r"(?=[\W_]+[^\W\d_])|(?<=\d)(?=[^\W\d_])", stem):
        yield stem[: end.start()]
    for word in re.finditer(r"[^\W\d_]+", stem):
        start, rest = stem[: word.start()], stem[word.end() :]
        yield from [start + rest, start + rest.lstrip("_- ."), rest.lstrip("_- .")]


def differ_in_a_word(stems: Sequence[str]) -> bool:
    """Return whether nearly each picture of a folder differs from another one in one word."""
    keys = [
        {(stem[: word.start()], stem[word.end() :]) for word in re.finditer(r"[^\W\d_]+", stem)}
        for stem in stems
    ]
    counts = Counter(key for each in keys for key in each)
    n_like_another = sum(any(counts[key] > 1 for key in each) for each in keys)
    return n_like_another > MIN_SAME * len(stems)


def ask_about_same_names(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a question about a class whose pictures are called like those of other classes.

    In each class, pictures may be numbered from 0 or 1.
    """
    stems = rows["file"].map(lambda name: posixpath.splitext(posixpath.basename(name))[0])
    by_class = {name: set(values) for name, values in stems.groupby(rows["class"])}
    counts = Counter(stem for each in by_class.values() for stem in each)
    for name, own in by_class.items():
        is_numbered = are_numbered(own)
        n_same = sum(
            (counts[stem] > 1 and not is_numbered)
            or any(counts[rest] > (rest in own) for rest in list_shorter(stem))
            for stem in own
        )
        if n_same > MIN_SAME * len(own):
            yield f"the pictures of the class {name} are called like those of other classes"
            return


def are_numbered(stems: Iterable[str]) -> bool:
    """Return whether names differ only in one number, and few numbers are left out."""
    parts = [re.split(r"(\d+)", stem) for stem in stems]
    if len({tuple(each[::2]) for each in parts}) > 1:
        return False
    numbers = [
        set(map(int, each)) for each in zip(*(each[1::2] for each in parts), strict=True)
    ]
    varying = [each for each in numbers if len(each) > 1]
    return len(varying) == 1 and max(varying[0]) <= 2 * len(varying[0]) + 1


def ask_about_classes(choice: Choice) -> Iterator[str]:
    """Yield questions about the names of the classes."""
    names = list(choice.rows["class"].unique())
    if isinstance(choice.parts[0], FilesPart):
        doubtful = [name for name in names if NO_CLASS.fullmatch(name) or find_set(name)]
        codes = [name for name in names if is_code(name)]
        doubtful += codes if len(codes) >= len(names) / 2 else []
        numbers = sorted(int(name) for name in names if name.isdecimal())
        are_ids = bool(numbers) and numbers[-1] - numbers[0] + 1 > 2 * len(numbers)
        doubtful += names if are_ids else []
        if doubtful:
            yield f"{shorten(doubtful)} would be classes; people, days, parts or masks are none"
    yield from find_equal_names(names)
    if any(re.fullmatch(r"-1|\d*[.,]\d*[1-9]\d*", name) for name in names):
        yield "a class is -1, or a fraction"
    parts = [part for part in choice.parts if isinstance(part, TablePart)]
    odd = [name for name in names if re.search("[\x80-\xff].*[\x80-\xff]", name)]
    if odd and any(part.encoding == "latin-1" for part in parts):
        yield f"the class {odd[0]} may be in another encoding than latin-1"


def is_code(name: str) -> bool:
    """Return whether the name of a folder is a code, a numbered thing, or has a date."""
    return not CODE_OF_CLASS.fullmatch(name) and bool(CODE.fullmatch(name) or DATE.search(name))
