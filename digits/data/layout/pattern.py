"""Patterns of paths, such as `train/{class}/*` and `{class}_#.jpg`.

- `{class}`, `{group}`, `{id}`: at least one character of a name. If a field is there twice, its
  texts are joined by a slash.
- `#`: a whole number, with all its digits.
- `*`: any characters of a name, or none.
- `**/`: any folders, or none.
- `[*]`, `[#]`, `[{]`, `[[]`: these characters themselves.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from digits.settings.errors import UserError

FIELDS = ("class", "group", "id")

TOKEN = re.compile(
    r"\{(?P<field>[^{}]*)\}|(?P<folders>\*\*/)|(?P<any>\*)|(?P<number>#)"
    r"|\[(?P<quoted>[*#{\[])\]|(?P<text>.)",
    re.DOTALL,
)
SPECIAL = re.compile(r"[*#{\[]")

# A field between wildcards, among the kinds of tokens that `describe_names` returns.
FIELD_BETWEEN = re.compile(r"w.*f.*[wf]")

# The regular expression of each token. `{lazy}` becomes `?` for the shortest match, or nothing.
EXPRESSIONS = {
    "field": "(?P<{name}>[^/]+{lazy})",
    "folders": "(?:[^/]+/)*{lazy}",
    "any": "[^/]*{lazy}",
    "number": r"(?<!\d)\d+(?!\d)",
}


class Pattern:
    """A pattern of paths.

    Attributes:
        text: as it is written in params.yaml.
        tokens: its fields, wildcards and characters, each with its kind.
        fields: the names of its fields.
    """

    def __init__(self, text: str) -> None:
        """Compile a pattern.

        Raises:
            UserError: it has an unknown field.
        """
        self.text = to_nfc(text)
        self.tokens = [
            (str(token.lastgroup), token[str(token.lastgroup)])
            for token in TOKEN.finditer(self.text)
        ]
        for kind, name in self.tokens:
            if kind == "field" and name not in FIELDS:
                raise UserError(
                    f"{{{name}}} in {self} has no meaning; write {{class}}, {{group}}, {{id}}, "
                    "or * for any text"
                )
        self.fields = {name for kind, name in self.tokens if kind == "field"}
        # Both match the same paths. The first finds the longest first field or wildcard, then
        # the longest second one, and so on, and the second one the shortest.
        self.longest = self.compile(lazy="")
        self.shortest = self.compile(lazy="?")
        self.has_field_between_wildcards = any(
            FIELD_BETWEEN.search(kinds) for kinds in self.describe_names()
        )

    def __str__(self) -> str:
        return self.text

    def compile(self, lazy: str) -> re.Pattern[str]:
        """Return the regular expression, in which `lazy` follows each repetition."""
        parts = []
        for number, (kind, text) in enumerate(self.tokens):
            if kind in EXPRESSIONS:
                name = f"{text}_{number}"  # a field may be there twice
                parts.append(EXPRESSIONS[kind].replace("{name}", name).replace("{lazy}", lazy))
            else:
                parts.append(re.escape(text))
        return re.compile("".join(parts))

    def describe_names(self) -> list[str]:
        """Return the kinds of the tokens in each name of the pattern, and in all of it."""
        letters = {"field": "f", "any": "w", "number": "w", "folders": "F"}
        kinds = "".join(
            "/" if text == "/" else letters.get(kind, "t") for kind, text in self.tokens
        )
        return [*kinds.replace("F", "").split("/"), kinds.replace("w", "").replace("F", "w")]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the fields of a path, or None if the path does not fit.

        Raises:
            UserError: the path fits in two ways that differ in a field.
        """
        found = self.longest.fullmatch(path)
        if found is None:
            return None
        fields = join_fields(found.groupdict())
        for other in self.find_others(path):
            for name, text in fields.items():
                if other[name] != text:
                    raise UserError(
                        f"{path} fits {self} in two ways, with the {name} {other[name]}, or "
                        f"{text}; write # for a number, or more of the name"
                    )
        return fields

    def find_others(self, path: str) -> Iterator[dict[str, str]]:
        """Yield the fields of other matches of a path, unless all matches have the same fields.

        The shortest match differs from the longest one if any other match does, but for a field
        that stands between wildcards.
        """
        shortest = self.shortest.fullmatch(path)
        assert shortest is not None
        yield join_fields(shortest.groupdict())
        if self.has_field_between_wildcards:
            yield from self.find_all(path, 0, 0, {})

    def find_all(
        self, path: str, start: int, index: int, fields: dict[str, str]
    ) -> Iterator[dict[str, str]]:
        """Yield the fields of all matches of the rest of a path.

        Args:
            path: the path.
            start: where the rest begins.
            index: the number of the token that the rest begins with.
            fields: what the tokens before have found.
        """
        if index == len(self.tokens):
            if start == len(path):
                yield join_fields(fields)
            return
        kind, text = self.tokens[index]
        for end in find_ends(path, start, kind, text):
            own = {f"{text}_{index}": path[start:end]} if kind == "field" else {}
            yield from self.find_all(path, end, index + 1, fields | own)


def find_ends(path: str, start: int, kind: str, text: str) -> list[int]:
    """Return where a token can end that begins at a position of a path."""
    if kind not in EXPRESSIONS:
        return [start + len(text)] if path.startswith(text, start) else []
    if kind == "number":
        number = re.compile(EXPRESSIONS[kind]).match(path, start)
        return [number.end()] if number else []
    if kind == "folders":
        ends = [i + 1 for i in range(start, len(path)) if path[i] == "/"]
        return [start, *ends]
    stop = path.find("/", start)
    return list(range(start + (kind == "field"), (len(path) if stop < 0 else stop) + 1))


def join_fields(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a match. The texts of a field that is there twice are joined."""
    fields: dict[str, str] = {}
    for key, text in texts.items():
        name = key.rpartition("_")[0]
        fields[name] = f"{fields[name]}/{text}" if name in fields else text
    return fields


def find_matches(patterns: Iterable[str], paths: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the fields of each path that fits one of several patterns, by the path.

    Raises:
        UserError: a path fits in two ways that differ in a field, or not all patterns have the
            same fields.
    """
    compiled = [Pattern(text) for text in patterns]
    for pattern in compiled:
        if pattern.fields != compiled[0].fields:
            raise UserError(
                f"{compiled[0]} and {pattern} have different fields; {{class}}, {{group}} and "
                "{id} are in all patterns of a part, or in none"
            )
    found: dict[str, dict[str, str]] = {}
    for path in paths:
        for pattern in compiled:
            fields = pattern.match(path)
            if fields is None:
                continue
            if found.setdefault(path, fields) != fields:
                raise UserError(f"{path} fits patterns with different classes or groups")
    return found


def quote(name: str) -> str:
    """Return the pattern that stands for a name."""
    return SPECIAL.sub(r"[\g<0>]", name)


def to_nfc(name: str) -> str:
    """Return a name in Unicode's form NFC, in which each letter with an accent is a character.

    Files that were copied from a Mac have other names than those in a table.
    """
    return unicodedata.normalize("NFC", name)
