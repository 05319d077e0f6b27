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
from collections.abc import Iterable

from digits.settings.errors import UserError

FIELDS = ("class", "group", "id")

TOKEN = re.compile(
    r"\{(?P<field>[^{}]*)\}|(?P<folders>\*\*/)|(?P<any>\*)|(?P<number>#)"
    r"|\[(?P<quoted>[*#{\[])\]|(?P<text>[^{*#\[]+|.)",
    re.DOTALL,
)
SPECIAL = re.compile(r"[*#{\[]")

# The regular expression of each kind of token, in which "{lazy}" becomes "?" for the shortest
# text, or nothing. Other tokens stand for themselves.
EXPRESSIONS = {
    "field": "([^/\0]+{lazy})",
    "folders": "(?:[^/\0]+/)*{lazy}",
    "any": "[^/\0]*{lazy}",
    "number": r"(?<!\d)\d+(?!\d)",
}


class Pattern:
    """A pattern of paths.

    Attributes:
        text: as it is written in params.yaml.
        fields: the names of its fields, in their order.
    """

    def __init__(self, text: str) -> None:
        """Compile a pattern.

        Raises:
            UserError: it has an unknown field.
        """
        self.text = to_nfc(text)
        self.tokens: list[tuple[str, str]] = []  # the kind and the text of each
        for found in TOKEN.finditer(self.text):
            kind = str(found.lastgroup)
            self.tokens.append((kind, found[kind]))
        self.fields = [text for kind, text in self.tokens if kind == "field"]
        for name in self.fields:
            if name not in FIELDS:
                raise UserError(
                    f"{{{name}}} in {self} has no meaning; write {{class}}, {{group}}, {{id}}, "
                    "or * for any text"
                )
        self.expression = re.compile(self.write_expression(lazy=""))
        # Matches a path, a null character, which no path has, and the fields of a match, but
        # only if the path also has other fields. A negative lookahead with backreferences
        # refuses the same ones, so that the search goes on.
        references = [rf"\{number}" for number in range(1, len(self.fields) + 1)]
        same_fields = "\0".join(references)
        self.other_expression = re.compile(
            self.write_expression(lazy="?") + rf"\0(?!{same_fields}\Z)"
        )

    def __str__(self) -> str:
        return self.text

    def write_expression(self, lazy: str) -> str:
        """Return the regular expression, which has a group for each field."""
        parts = [EXPRESSIONS.get(kind, re.escape(text)) for kind, text in self.tokens]
        return "".join(parts).replace("{lazy}", lazy)

    def fits(self, path: str) -> bool:
        """Return whether a path fits the pattern."""
        return self.expression.fullmatch(path) is not None

    def match(self, path: str) -> dict[str, str] | None:
        """Return the fields of a path, or None if the path does not fit.

        Raises:
            UserError: the path fits in two ways that differ in a field.
        """
        found = self.expression.fullmatch(path)
        if found is None:
            return None
        fields = self.join_fields(found)
        other = self.other_expression.match("\0".join([path, *found.groups()]))
        if other is not None:
            for name, text in self.join_fields(other).items():
                if text != fields[name]:
                    raise UserError(
                        f"{path} fits {self} in two ways, with the {name} {text}, or "
                        f"{fields[name]}; write # for a number, or more of the name"
                    )
        return fields

    def join_fields(self, found: re.Match[str]) -> dict[str, str]:
        """Return the fields of a match. The texts of a field that is there twice are joined."""
        fields: dict[str, str] = {}
        for name, text in zip(self.fields, found.groups(), strict=True):
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
        if set(pattern.fields) != set(compiled[0].fields):
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


def escape(name: str) -> str:
    """Return the pattern that stands for a name."""
    return SPECIAL.sub(r"[\g<0>]", name)


def to_nfc(name: str) -> str:
    """Return a name in Unicode's form NFC, in which each letter with an accent is a character.

    Files that were copied from a Mac have other names than those in a table.
    """
    return unicodedata.normalize("NFC", name)
