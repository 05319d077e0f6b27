"""Change single entries of dvc.lock.

DVC parses and writes the whole file after each stage, which takes longer the more stages there
are. Here, the file is kept as text, with the lines of each entry apart. Only the entry of the
stage that has ended is written anew. The file is the same byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dvc.utils.serialize import dumps_yaml, parse_yaml, parse_yaml_for_update

from .replacing import replace_file

EMPTY_FILE = {"schema": "2.0"}
STAGES_LINE = "stages:\n"
# The first line of an entry, with a name around which DVC writes no quotes
FIRST_LINE = re.compile(r"  ([A-Za-z_][\w@./ -]*):\n")
# A line that DVC writes in the same way again: a key with a value, a key alone, or an item of a
# list. The value has no quotes.
VALUE = r"(?:\{\}|\[\]|[\w@./~+=-][^'\"#]*)"
PLAIN_LINE = re.compile(rf" +(?:(?:- )?[\w@./~+-]+:(?: {VALUE})?|- {VALUE})\n")
MAX_PLAIN_CHARACTERS = 80  # Depending on its version, DVC breaks a longer line.


class Content(NamedTuple):
    """The text of a dvc.lock in parts.

    Attributes:
        before: the lines before the entries.
        entries: the lines of each entry, by the name of its stage.
        after: the lines behind the entries.
    """

    before: str
    entries: dict[str, str]
    after: str


class LockFile:
    """A dvc.lock.

    A new entry gets the place that `dvc repro` would have given it, whichever stage ends first.
    """

    def __init__(self, path: Path, names: Sequence[str], temporary_folder: Path) -> None:
        """Read the file, if there is one.

        Args:
            path: the path of the file.
            names: the names of all its stages, in the order in which `dvc repro` runs them.
            temporary_folder: DVC's folder for temporary files.
        """
        self._path = path
        self._temporary_folder = temporary_folder
        self._read(self._read_status())
        places = dict.fromkeys([*self._content.entries, *names])  # without duplicates
        self._places = {name: place for place, name in enumerate(places)}

    def _read_status(self) -> tuple[int, int, int] | None:
        """Return what changes when another process writes the file, or None without a file."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self, status: tuple[int, int, int] | None) -> None:
        """Read the text of the file, which is empty if there is no file."""
        self._status = status
        self._text = "" if status is None else self._path.read_text(encoding="utf-8")
        self._content = split_text(self._text, self._path)

    def read_if_changed(self) -> dict[str, Any] | None:
        """Return the parsed entries if another process has written the file, otherwise None."""
        status = self._read_status()
        if status == self._status:
            return None
        self._read(status)
        parsed = parse_yaml(self._text, self._path) or {}
        entries: dict[str, Any] = parsed.get("stages") or {}
        return entries

    def record(self, name: str, entry: dict[str, Any]) -> bool:
        """Write the entry of a stage. Return whether the file has changed.

        `read_if_changed` must have been called since the repository was locked.
        """
        entries = {**self._content.entries, name: dump_entry(name, entry)}
        if name not in self._content.entries:
            last = len(self._places)
            names = sorted(entries, key=lambda each: self._places.get(each, last))
            entries = {each: entries[each] for each in names}
        content = self._content._replace(entries=entries)
        text = "".join([content.before, *content.entries.values(), content.after])
        if text == self._text:
            return False
        replace_file(self._path, text.encode(), self._temporary_folder)
        self._content = content
        self._text = text
        self._status = self._read_status()
        return True


def split_text(text: str, path: Path) -> Content:
    """Return the parts of a text. The entries are as DVC will write them again.

    Args:
        text: the text of a dvc.lock.
        path: the path of the file, for messages.

    Raises:
        DvcException: the text is not valid.
    """
    content = split_lines(text)
    if content is None:
        return split_parsed(parse_yaml(text, path) or EMPTY_FILE)
    entries = {name: normalize_entry(entry) for name, entry in content.entries.items()}
    return content._replace(entries=entries)


def split_lines(text: str) -> Content | None:
    """Return the parts of a text, or None if its lines are not as DVC writes them.

    DVC indents the name of a stage by two blanks, and the lines of its entry by more. A line
    without indentation begins the next section.
    """
    before, stages_line, rest = text.partition(STAGES_LINE)
    is_at_start_of_line = not before or before.endswith("\n")
    if not (stages_line and is_at_start_of_line and text.endswith("\n")):
        return None
    lines = rest.splitlines(keepends=True)
    entries: dict[str, str] = {}
    name = None
    for number, line in enumerate(lines):
        first_line = FIRST_LINE.fullmatch(line)
        is_next_section = line[0].isalpha()
        if is_next_section:
            return Content(before + stages_line, entries, "".join(lines[number:]))
        if first_line:
            name = first_line[1]
            entries[name] = line
        elif name and (line.startswith("   ") or line == "\n"):
            entries[name] += line
        else:  # such as a comment, or a name in quotes
            return None
    return Content(before + stages_line, entries, "")


def split_parsed(parsed: dict[str, Any]) -> Content:
    """Return the parts of the text that DVC would write for the content of a file."""
    sections = list(parsed)
    end = sections.index("stages") if "stages" in sections else len(sections)
    sections_before = {name: parsed[name] for name in sections[:end]}
    sections_after = {name: parsed[name] for name in sections[end + 1 :]}
    entries = parsed.get("stages") or {}
    return Content(
        before=(dumps_yaml(sections_before) if sections_before else "") + STAGES_LINE,
        entries={name: dump_entry(name, entry) for name, entry in entries.items()},
        after=dumps_yaml(sections_after) if sections_after else "",
    )


def normalize_entry(entry: str) -> str:
    """Return the lines of an entry as DVC writes them when it has read them from the file.

    Comments stay. An older version of DVC may have broken lines at other places.
    """
    for line in entry.splitlines(keepends=True):
        if len(line) > MAX_PLAIN_CHARACTERS or not PLAIN_LINE.fullmatch(line):
            parsed = parse_yaml_for_update(STAGES_LINE + entry, "dvc.lock")
            return dumps_yaml(parsed).removeprefix(STAGES_LINE)
    return entry


def dump_entry(name: str, entry: dict[str, Any]) -> str:
    """Return the lines of an entry, as DVC writes them."""
    return dumps_yaml({"stages": {name: entry}}).removeprefix(STAGES_LINE)
