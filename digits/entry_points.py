"""Find what other packages add to this one.

A package adds subcommands, kinds of sources, predictors, networks and metrics by entry points
of groups such as `digits.commands`. docs/extending.md shows how.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter


@cache
def find_entry_points(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of a group by their names, in alphabetical order."""
    found = sorted(entry_points(group=group), key=attrgetter("name"))
    return {entry_point.name: entry_point for entry_point in found}
