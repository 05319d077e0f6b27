"""Find the layout of a dataset that was recorded before the key `layout` existed.

Its source guessed what the files mean. The checksums in params.yaml show which layout reads the
same images.
"""

from functools import partial
from pathlib import Path
from typing import Any

from digits.data.pinned_values import compute_pinned_values
from digits.settings.errors import UserError
from image_layouts.errors import LayoutError
from image_layouts.layout.place import Place
from image_layouts.pipeline.errors import as_user_errors
from image_layouts.pipeline.pixels import read_collection
from image_layouts.proposing.choose import name_unused, propose, read_choice

# The recorded values that must stay the same.
PINNED = ("images", "classes", "groups", "names", "sha256")


@as_user_errors()
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
            read = partial(read_collection, choice.reading.images)
            values, _, _ = compute_pinned_values("own", new, read)
        except (UserError, LayoutError):
            continue
        if all(values.get(key) == entry.get(key) for key in PINNED):
            return choice.layout
    raise UserError(
        f"no layout of {path} gives the pinned images; write `files: {path}` and a `layout` "
        "into params.yaml yourself (image-layouts/docs/layout.md), and run the command again"
    )
