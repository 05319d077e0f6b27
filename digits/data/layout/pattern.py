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
from collections.abc import Iterable, Mapping

from digits.settings.errors import UserError

FIELDS = ("class", "group", "id")

TOKEN = re.compile(
    r"\{(?P<field>[^{}]*)\}|(?P<folders>\*\*/)|(?P<any>\*)|(?P<number>#)"
    r"|\[(?P<quoted>[*#{\[])\]|(?P<text>.)",
    re.DOTALL,
)
SPECIAL = re.compile(r"[*#{\[]")

# The regular expression of each token. `{}` becomes `?` for the shortest match, or nothing.
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
    """

    def __init__(self, text: str) -> None:
        """Compile a pattern.

        Raises:
            UserError: it has a field that there is not.
        """
        self.text = normalize(text)
        for token in TOKEN.finditer(self.text):
            if token.lastgroup == "field" and token["field"] not in FIELDS:
                raise UserError(
                    f"{token.group()} in {self} has no meaning; write {{class}}, {{group}}, "
                    "{id}, or * for any text"
                )
        # Both match the same paths. The first finds the longest first field, then the longest
        # second one, and so on, and the second one the shortest.
        self.longest = self.compile(lazy="")
        self.shortest = self.compile(lazy="?")

    def __str__(self) -> str:
        return self.text

    def compile(self, lazy: str) -> re.Pattern[str]:
        """Return the regular expression, in which `lazy` follows each repetition."""
        parts = []
        for number, token in enumerate(TOKEN.finditer(self.text)):
            kind = token.lastgroup or ""
            if kind in EXPRESSIONS:
                name = f"{token['field']}_{number}"  # a field may be there twice
                parts.append(EXPRESSIONS[kind].replace("{name}", name).replace("{lazy}", lazy))
            else:
                parts.append(re.escape(token[kind]))
        return re.compile("".join(parts))

    def match(self, path: str) -> dict[str, str] | None:
        """Return the fields of a path, or None if the path does not fit.

        Raises:
            UserError: the path fits in two ways that differ in a field.
        """
        found = self.longest.fullmatch(path)
        if found is None:
            return None
        fields = join_fields(found.groupdict())
        other = self.shortest.fullmatch(path)
        assert other is not None
        other_fields = join_fields(other.groupdict())
        for name, text in fields.items():
            if other_fields[name] != text:
                raise UserError(
                    f"{path} fits {self} in two ways, with the {name} {other_fields[name]}, or "
                    f"{text}; write # for a number, or more of the name"
                )
        return fields


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
        UserError: a path fits in two ways that differ in a field.
    """
    compiled = [Pattern(text) for text in patterns]
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


def normalize(name: str) -> str:
    """Return a name in which each letter with an accent is one character, as on Linux."""
    return unicodedata.normalize("NFC", name)
