"""Find what other packages add to this one.

A package adds subcommands, kinds of sources and predictors as entry points of the groups
`digits.commands`, `digits.sources`, `digits.predictors` and so on. docs/extending.md shows how.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from operator import attrgetter


@cache
def find_entry_points(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of a group by their names, in alphabetical order.

    An entry point is left out if the folder of its package was deleted after the installation.
    """
    found = {}
    for entry_point in sorted(entry_points(group=group), key=attrgetter("name")):
        package, _, _ = entry_point.module.partition(".")
        if find_spec(package) is not None:
            found[entry_point.name] = entry_point
    return found
