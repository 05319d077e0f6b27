"""Count a dataset's images and classes, and pin them."""

import io
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.core import params
from digits.core.errors import note, require_choice
from digits.core.params import COUNTED, FILE, Dataset, validate
from digits.sources import folder
from stages.fetch import digests, fetch

import click
from ruamel.yaml import YAML

UNCOUNTED = {"images": 1, "classes": 256, "sha256": {"pixels": "0" * 64, "labels": "0" * 64}}


def count(name: str, block: dict[str, Any]) -> dict[str, Any]:
    """Read a dataset, and return what its block of params.yaml is to say of it."""
    given = {key: value for key, value in block.items() if key not in {*COUNTED, "names"}}
    images = fetch(name, validate(Dataset, {**UNCOUNTED, **given}, "datasets", name), is_pinned=False)
    names = images.attrs.get("names") or block.get("names")
    classes = len(names) if names else max(int(images["class"].max()) + 1, 2)
    named = {"names": names} if names else {}
    return {"images": len(images), "classes": classes, **named, "sha256": digests(images)}


def pinned(text: str, name: str, counted: dict[str, Any]) -> str:
    """Return the text of params.yaml with what was counted of a dataset in its block, and all else as it was."""
    yaml = YAML()
    yaml.width = 10_000  # no line is broken that was not
    document = yaml.load(text)
    block = document["datasets"][name]
    if "groups" not in counted.get("sha256", {}):
        block.get("sha256", {}).pop("groups", None)
    for i, (key, value) in enumerate(counted.items()):
        if key not in block:  # to the front: what stands between this block and the next one belongs to its last line
            block.insert(i, key, value)
        elif key == "names":  # the last item stays: what follows a list belongs to it
            block[key][:-1], block[key][-1] = value[:-1], value[-1]
        elif key == "sha256":
            block[key].update(value)
        else:
            block[key] = value
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


@click.command(epilog=examples("pin own"))
@click.argument("dataset")
def command(dataset: str) -> None:
    """Count `images`, `classes`, `names` and `sha256` of a block of `datasets`, and write them into params.yaml.

    A new block needs only `sources` and `shape`. Run it again when pictures have changed: all else stays as it is.
    """
    blocks = params.read_yaml().get("datasets") or {}  # not `params.load`: this block is not complete yet
    require_choice(f"{FILE}: datasets", dataset, blocks)
    counted, place = count(dataset, blocks[dataset] or {}), blocks[dataset]["sources"][0].get("folder")
    FILE.write_text(pinned(FILE.read_text(encoding="utf-8"), dataset, counted), encoding="utf-8")
    names = f" ({', '.join(counted['names'])})" if "names" in counted else ""
    print(f"{FILE}: datasets.{dataset} has {counted['images']} images of {counted['classes']} classes{names}")
    if place and Path(place).exists() and (tested := sum(each.is_test for each in folder.find(Path(place))[0])):
        note(f"the last {tested} images are those in test folders; `test: {tested}` tests on them")
