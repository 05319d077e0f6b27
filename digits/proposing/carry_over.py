"""Find the layout of a dataset that was recorded before the key `layout` existed.

Its source guessed what the files mean. The checksums in params.yaml show which layout reads the
same images.
"""

from pathlib import Path
from typing import Any

from digits.data.layout.place import Place
from digits.data.pinned_values import compute_pinned_values
from digits.proposing.choose import name_unused, propose, read_choice
from digits.settings.errors import UserError

# The recorded values that must stay the same.
PINNED = ("images", "classes", "groups", "names", "sha256")


def find_layout(entry: dict[str, Any]) -> Any:
    """Return the layout with which the files of a dataset give the recorded images.

    Args:
        entry: the entry of the dataset, with the former source.

    Raises:
        UserError: no layout that would be proposed gives them.
    """
    [path] = entry["sources"][0].values()  # the only source, such as {"folder": "data/own"}
    place = Place(Path(path))
    layouts, _ = propose(place, entry.get("columns") or {})
    kept = {key: entry[key] for key in entry if key not in ("sources", "columns")}
    for layout in layouts:
        try:
            choice = name_unused(place, read_choice(place, layout))
            new = kept | {"sources": [{"files": path}], "layout": choice.layout}
            values, _, _ = compute_pinned_values("own", new, choice.reading.images)
        except UserError:
            continue
        if all(values.get(key) == entry.get(key) for key in PINNED):
            return choice.layout
    raise UserError(
        f"no layout of {path} gives the pinned images; write `files: {path}` and a `layout` "
        "into params.yaml yourself (docs/layout.md), and run the command again"
    )
