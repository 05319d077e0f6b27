"""The file dvc.lock, in which a stage is recorded without parsing the entries of all others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dvc.utils.serialize import dumps_yaml, parse_yaml, parse_yaml_for_update

from .replacing import replace_file

NEW_FILE = {"schema": "2.0"}
SECTION = "stages:\n"
# The first line of an entry. DVC writes quotes around a name that this does not match.
ENTRY = re.compile(r"  ([A-Za-z_][\w@./ -]*):\n")


# A line that DVC writes again as it is: a key, and a value without quotes
PLAIN_LINE = re.compile(r" +(?:- )?[\w@./~+-]+:(?: [\w@./~+=-][^'\"#]*)?\n")
MAX_PLAIN_CHARACTERS = 80  # Depending on the version, DVC breaks a longer line.


class Content(NamedTuple):
    """The text of a dvc.lock: what is before the entries, each entry, and what is behind."""

    head: str
    entries: dict[str, str]
    tail: str


class LockFile:
    """A dvc.lock.

    New entries are in the order in which `dvc repro` would have added them, not in the order in
    which the stages ended.
    """

    def __init__(self, path: Path, planned: Sequence[str], temporary_folder: Path) -> None:
        """Read the file, if there is one.

        Args:
            path: the path of the file.
            planned: the names of all stages in the order in which `dvc repro` runs them.
            temporary_folder: DVC's folder for temporary files.
        """
        self._path = path
        self._temporary_folder = temporary_folder
        self._status = self._read_status()
        self._content = self._read()
        self._is_as_written = False
        names = dict.fromkeys([*self._content.entries, *planned])  # without duplicates
        self._ranks = {name: rank for rank, name in enumerate(names)}

    def _read_status(self) -> tuple[int, int, int] | None:
        """Return what changes when another process writes the file; None without a file."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> Content:
        """Return the content of the file."""
        if self._status is None:
            return split_content("", self._path)
        return split_content(self._path.read_text(encoding="utf-8"), self._path)

    def read_if_changed(self) -> dict[str, Any] | None:
        """Return the parsed entries if another process has written the file, otherwise None."""
        status = self._read_status()
        if status == self._status:
            return None
        self._status = status
        self._content = self._read()
        self._is_as_written = False
        if status is None:
            return {}
        text = self._path.read_text(encoding="utf-8")
        entries: dict[str, Any] = parse_yaml(text, self._path).get("stages") or {}
        return entries

    def record(self, name: str, entry: dict[str, Any]) -> bool:
        """Write the entry of a stage. Return whether the file has changed.

        `read_if_changed` must have been called since the repository was locked.
        """
        head, entries, tail = self._content
        entries = dict(entries)
        if not self._is_as_written:  # DVC writes all entries again, too
            entries = {each: write_again(old) for each, old in entries.items()}
        text = dump_entry(name, entry)
        if entries.get(name) == text and entries == self._content.entries:
            return False
        is_new = name not in entries
        entries[name] = text
        if is_new:
            last = len(self._ranks)
            names = sorted(entries, key=lambda each: self._ranks.get(each, last))
            entries = {each: entries[each] for each in names}
        text = "".join([head, *entries.values(), tail])
        replace_file(self._path, text.encode(), self._temporary_folder)
        self._content = Content(head, entries, tail)
        self._is_as_written = True
        self._status = self._read_status()
        return True


def split_content(text: str, path: Path) -> Content:
    """Return the parts of the text of a dvc.lock.

    Raises:
        DvcException: the text is not valid.
    """
    return split_lines(text) or split_parsed(parse_yaml(text, path) or NEW_FILE)


def split_lines(text: str) -> Content | None:
    """Return the parts of a text whose lines are as DVC writes them, otherwise None."""
    lines = iter(text.splitlines(keepends=True))
    head = ""
    for line in lines:
        head += line
        if line == SECTION:
            break
    else:
        return None
    entries: dict[str, list[str]] = {}
    entry: list[str] = []
    tail = ""
    for line in lines:
        if not line.endswith("\n"):
            return None
        found = ENTRY.fullmatch(line)
        if found:
            entry = entries[found[1]] = [line]
        elif entry and (line.startswith("   ") or line == "\n"):
            entry.append(line)
        elif line[0].isalpha():
            tail = "".join([line, *lines])
        else:  # such as a comment, or a name in quotes
            return None
    return Content(head, {name: "".join(own) for name, own in entries.items()}, tail)


def split_parsed(content: dict[str, Any]) -> Content:
    """Return the parts of the text that DVC would write for some content."""
    entries = content.get("stages") or {}
    sections = list(content)
    end = sections.index("stages") if "stages" in sections else len(sections)
    before = {name: content[name] for name in sections[:end]}
    after = {name: content[name] for name in sections[end + 1 :]}
    return Content(
        head=(dumps_yaml(before) if before else "") + SECTION,
        entries={name: dump_entry(name, entry) for name, entry in entries.items()},
        tail=dumps_yaml(after) if after else "",
    )


def write_again(text: str) -> str:
    """Return the lines of an entry as DVC writes them when it has read them from the file.

    Comments stay. An older version of DVC may have broken lines at other places.
    """
    lines = text.splitlines(keepends=True)
    if all(len(line) <= MAX_PLAIN_CHARACTERS and PLAIN_LINE.fullmatch(line) for line in lines):
        return text
    return dumps_yaml(parse_yaml_for_update(SECTION + text, "dvc.lock")).removeprefix(SECTION)


def dump_entry(name: str, entry: dict[str, Any]) -> str:
    """Return the lines of an entry, as DVC writes them."""
    return dumps_yaml({"stages": {name: entry}}).removeprefix(SECTION)
