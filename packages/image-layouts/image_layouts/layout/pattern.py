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

from image_layouts.errors import LayoutError

FIELDS = ("class", "group", "id")

# One part of a pattern. Its kind is the name of the group that matches.
TOKEN = re.compile(
    r"""
    \{(?P<field>[^{}]*)\}          # {class}
    | (?P<folders>\*\*/)           # **/
    | (?P<any>\*)                  # *
    | (?P<number>\#)               # #
    | \[(?P<escaped>[*\#{\[])\]    # [*]
    | (?P<text>[^{*\#\[]+|.)       # anything else
    """,
    re.DOTALL | re.VERBOSE,
)
SPECIAL = re.compile(r"[*#{\[]")

# The regular expression of each kind of token. All other tokens are literal text. A null
# character is excluded, because `Pattern.match` writes it between a path and its fields.
EXPRESSIONS = {
    "field": "([^/\0]+)",
    "folders": "(?:[^/\0]+/)*",
    "any": "[^/\0]*",
    "number": r"(?<!\d)\d+(?!\d)",
}


class Pattern:
    """A pattern of paths, compiled to a regular expression.

    Attributes:
        text: the pattern, as it is written in params.yaml.
        fields: the names of its fields, in their order.
    """

    def __init__(self, text: str) -> None:
        """Compile a pattern.

        Raises:
            LayoutError: it has an unknown field.
        """
        self.text = to_nfc(text)
        self.fields: list[str] = []
        expression = ""
        for token in TOKEN.finditer(self.text):
            kind = token.lastgroup or ""
            content = token[kind]
            expression += EXPRESSIONS.get(kind, re.escape(content))
            if kind == "field":
                self.fields.append(content)
        for name in self.fields:
            if name not in FIELDS:
                raise LayoutError(
                    f"{{{name}}} in {self} has no meaning; write {{class}}, {{group}}, {{id}}, "
                    "or * for any text"
                )
        self.expression = re.compile(expression)
        # This expression searches for a second way in which a path fits the pattern. `match`
        # writes the fields of the first way behind the path. The lookahead refuses them, so
        # that the search goes on. For example, `{class}_*` becomes `([^/]+)_[^/]*\0(?!\1$)`.
        first_fields = "\0".join(rf"\{number + 1}" for number in range(len(self.fields)))
        self.other_expression = re.compile(rf"{expression}\0(?!{first_fields}\Z)")

    def __str__(self) -> str:
        return self.text

    def fits(self, path: str) -> bool:
        """Return whether a path fits the pattern."""
        return self.expression.fullmatch(path) is not None

    def match(self, path: str) -> dict[str, str] | None:
        """Return the fields of a path, or None if the path does not fit.

        Raises:
            LayoutError: the path fits in two ways that differ in a field.
        """
        found = self.expression.fullmatch(path)
        if found is None:
            return None
        fields = self.join_fields(found)
        path_and_fields = "\0".join([path, *found.groups()])
        other = self.other_expression.match(path_and_fields)
        if other is not None:
            other_fields = self.join_fields(other)
            name = next(name for name in fields if fields[name] != other_fields[name])
            raise LayoutError(
                f"{path} fits {self} in two ways, with the {name} {other_fields[name]}, or "
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
    """Return the paths that fit at least one pattern, with the fields of each path.

    For example, `{class}/*` finds {"cat/1.png": {"class": "cat"}}.

    Raises:
        LayoutError: a path fits in two ways that differ in a field, or not all patterns have
            the same fields.
    """
    compiled = [Pattern(text) for text in patterns]
    for pattern in compiled:
        if set(pattern.fields) != set(compiled[0].fields):
            raise LayoutError(
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
                raise LayoutError(f"{path} fits two patterns with another class, group or id")
    return found


def escape(name: str) -> str:
    """Return the pattern that stands for a name, such as `a[#]1` for `a#1`."""
    return SPECIAL.sub(r"[\g<0>]", name)  # \g<0> is the character itself


def to_nfc(name: str) -> str:
    """Return a name in Unicode's form NFC, in which a letter with an accent is one character.

    A Mac writes it as two characters, so that the names of files would differ from those in a
    table.
    """
    return unicodedata.normalize("NFC", name)
