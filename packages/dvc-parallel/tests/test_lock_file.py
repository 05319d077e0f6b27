"""A dvc.lock that somebody has edited is written as DVC writes it."""

import stat
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from dvc.utils.serialize import modify_yaml

from dvc_parallel.lock_file import LockFile

HEAD = "schema: '2.0'\nstages:\n"
ENTRY = "  {}:\n    cmd: {}\n    deps:\n    - path: a.txt\n      hash: md5\n      size: 2\n"
FIRST = ENTRY.format("first", "cp a.txt b.txt")
OTHER = ENTRY.format("other", "cp a.txt c.txt")
WORDS = 30 * "word "  # more than one line
NEW_ENTRY: dict[str, Any] = {
    "cmd": "cp a.txt b.txt",
    "deps": [{"path": "a.txt", "hash": "md5", "size": 3}],
}

TEXTS = {
    "as DVC writes it": HEAD + FIRST + OTHER,
    "the other entry first": HEAD + OTHER + FIRST,
    "no entry yet": HEAD + OTHER,
    "a comment between entries": f"{HEAD}{FIRST}  # comment\n{OTHER}",
    "a comment in an entry": HEAD
    + FIRST
    + OTHER.replace("    deps", "    # comment\n    deps"),
    "a comment behind a value": HEAD + FIRST + OTHER.replace("c.txt", "c.txt # comment"),
    "a blank line": f"{HEAD}{FIRST}\n{OTHER}",
    "a blank line in an entry": HEAD + FIRST + OTHER.replace("    deps", "\n    deps"),
    "a section behind": f"{HEAD}{FIRST}{OTHER}datasets: {{}}\n",
    "a section behind a name in quotes": f"{HEAD}{FIRST}  'other': {{}}\ndatasets: {{}}\n",
    "a section before": f"datasets: {{}}\n{HEAD}{FIRST}{OTHER}",
    "a comment at the top": f"# comment\n{HEAD}{FIRST}{OTHER}",
    "the schema behind": f"stages:\n{FIRST}{OTHER}schema: '2.0'\n",
    "a key that ends like `stages`": f"no_stages:\n  x: 1\n{HEAD}{FIRST}{OTHER}",
    "no newline at the end": (HEAD + FIRST + OTHER).rstrip("\n"),
    "a name in quotes": HEAD + FIRST + OTHER.replace("other", "'2'"),
    "a number for a name": HEAD + FIRST + OTHER.replace("other", "2"),
    "a wider indentation": HEAD + indent(FIRST + OTHER, "  "),
    "a long line": HEAD + FIRST + OTHER.replace("c.txt", WORDS.strip()),
    "a short line in two": HEAD + FIRST + OTHER.replace("cp a", "cp\n      a"),
    "quotes without need": HEAD + FIRST + OTHER.replace("cp a.txt c.txt", '"cp a.txt c.txt"'),
    "lines of a command": HEAD + FIRST + OTHER.replace("cp a.txt", "|\n      echo\n\n      cp"),
    "an entry without content": f"{HEAD}{FIRST}  other:\n",
    "entries in braces": "schema: '2.0'\nstages: {}\n",
    "no entries": HEAD,
    "only the schema": "schema: '2.0'\n",
    "an empty file": "",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_entry_is_replaced_as_dvc_replaces_it(tmp_path: Path, text: str) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for path in [ours, theirs]:
        path.write_text(text)
    LockFile(ours, ["first"], tmp_path).record("first", NEW_ENTRY)
    content: dict[str, Any]
    with modify_yaml(str(theirs)) as content:  # as DVC's `Lockfile.dump` does it
        content.setdefault("schema", "2.0")
        content["stages"] = content.get("stages") or {}
        content["stages"]["first"] = NEW_ENTRY
    assert ours.read_text() == theirs.read_text()


def test_a_link_to_the_file_and_its_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.lock").write_text(HEAD + OTHER)
    (tmp_path / "elsewhere.lock").chmod(0o664)  # so that a group can write it
    path = tmp_path / "dvc.lock"
    path.symlink_to("elsewhere.lock")
    LockFile(path, ["first"], tmp_path).record("first", NEW_ENTRY)
    assert path.is_symlink()
    assert "first:" in (tmp_path / "elsewhere.lock").read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


def test_what_another_process_has_written_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    lock = LockFile(path, ["first"], tmp_path)
    assert lock.read_if_changed() is None
    for text, entries in [
        (HEAD + FIRST, {"first": NEW_ENTRY | {"deps": [NEW_ENTRY["deps"][0] | {"size": 2}]}}),
        (HEAD, {}),
        ("", {}),
    ]:
        path.write_text(text)
        assert lock.read_if_changed() == entries
        assert lock.read_if_changed() is None
    assert lock.record("first", NEW_ENTRY)
    assert not lock.record("first", NEW_ENTRY)
    assert lock.read_if_changed() is None  # it has written the file itself
    path.unlink()
    assert lock.read_if_changed() == {}
