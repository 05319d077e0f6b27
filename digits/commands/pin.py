"""Count a dataset's images and classes, and pin them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.core import params
from digits.core.errors import note, require_choice
from digits.core.params import COUNTED, FILE, Dataset, validate
from digits.sources import folder
from stages.fetch import digests, fetch, source

import click
from ruamel.yaml import YAML

UNCOUNTED = {"images": 1, "classes": 256, "sha256": {"pixels": "0" * 64, "labels": "0" * 64}}


def count(name: str, block: dict[str, Any]) -> tuple[dict[str, Any], Dataset]:
    """Read a dataset, and return what its block of params.yaml is to say of it, and the block as it then is."""
    given = {key: value for key, value in block.items() if key not in {*COUNTED, "names"}}
    dataset = validate(Dataset, {**UNCOUNTED, **given}, "datasets", name)
    ((kind, place),) = dataset.sources[0].items()
    guess = getattr(source(kind), "guess_levels", None)
    guessed = {"levels": guess(place)} if guess and not dataset.levels else {}
    dataset = dataset.model_copy(update=guessed)
    images = fetch(name, dataset, is_pinned=False)
    names = images.attrs.get("names") or block.get("names")
    counted: dict[str, Any] = {key: value for key, value in guessed.items() if value}
    counted |= {"images": len(images), "classes": len(names) if names else max(int(images["class"].max()) + 1, 2)}
    counted |= {"names": names} if names else {}
    counted["sha256"] = digests(images)
    return counted, validate(Dataset, {**block, **counted}, "datasets", name)


def pinned(text: str, name: str, counted: dict[str, Any]) -> str:
    """Return the text of params.yaml with what was counted of a dataset in its block, and all else as it was."""
    yaml = YAML()
    yaml.width = 10_000  # no line is broken that was not
    document = yaml.load(text)
    block = document["datasets"][name]
    for i, (key, value) in enumerate(counted.items()):
        if key not in block:  # to the front: what stands between this block and the next one belongs to its last line
            block.insert(i, key, value)
        elif key == "names":  # the last item stays: what follows a list belongs to it
            block[key][:-1], block[key][-1] = value[:-1], value[-1]
        elif key == "sha256":
            block[key].update(value)
            if "groups" not in value:
                block[key].pop("groups", None)
        else:
            block[key] = value
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def remarks(name: str, dataset: Dataset) -> Iterator[str]:
    """Yield what the folders of a dataset say about its splits."""
    ((kind, place),) = dataset.sources[0].items()
    if not hasattr(source(kind), "guess_levels"):
        return
    found, _ = folder.find(Path(place), dataset.levels)
    if dataset.levels:
        read = f"{found[0].path} is {found[0].says}. If not, edit `levels` and pin again"
        yield f"levels: {', '.join(dataset.levels)}; is that right? {read}"
    tested = [each for each in found if each.is_test]
    if both := {each.group for each in tested} & {each.group for each in found if not each.is_test} - {""}:
        called = ", ".join(sorted(both))
        yield f"train and test folders both have {called:.60}; `-` for `group` in `levels` allows it"
    elif tested:
        yield f"the last {len(tested)} images are those in test folders; `test: {len(tested)}` tests on them"
    if "groups" not in dataset.sha256 and (groups := ", ".join(folder.names_of_groups(found))):
        yield f"{groups:.60} in the files' names look like groups, such as people; a folder for each makes them so"


@click.command(epilog=examples("pin own"))
@click.argument("dataset")
def command(dataset: str) -> None:
    """Count `images`, `classes`, `names` and `sha256` of a block of `datasets`, and write them into params.yaml.

    A new block needs only `sources` and `shape`; `levels` is guessed where pictures lie deeper than in CLASS/. Where
    there are folders called train and test, a line says which `test:` tests on those in test.
    Run it again when pictures have been added, moved or changed. It reads the first source that works, and leaves
    everything else in the file as it is.
    """
    blocks = params.read_yaml().get("datasets") or {}  # not `params.load`: this block is not complete yet
    require_choice(f"{FILE}: datasets", dataset, blocks)
    counted, block = count(dataset, blocks[dataset] or {})
    FILE.write_text(pinned(FILE.read_text(encoding="utf-8"), dataset, counted), encoding="utf-8")
    names = f" ({', '.join(counted['names'])})" if "names" in counted else ""
    print(f"{FILE}: datasets.{dataset} has {counted['images']} images of {counted['classes']} classes{names}")
    for line in remarks(dataset, block):
        note(line)
