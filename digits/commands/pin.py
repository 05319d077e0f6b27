"""Count a dataset's images and classes, and pin them."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from digits import sources
from digits.commands import examples
from digits.io import files
from digits.sources import MOST_CLASSES, Batch, Content, SourceError, folder
from digits.support import cli, parameters
from digits.support.errors import require_choice, shorten
from digits.support.parameters import COUNTED, FILE, Dataset, validate
from stages.fetch import fetch

import click
from ruamel.yaml import YAML

UNLIMITED = {"images": 100_000_000, "classes": MOST_CLASSES, "sha256": {"pixels": "0" * 64, "labels": "0" * 64}}


def count(name: str, block: dict[str, Any]) -> dict[str, Any]:
    """Read a dataset, and return what its block of params.yaml is to say of it."""
    given = {key: value for key, value in block.items() if key not in {*COUNTED, "names", "enlarged"}}
    dataset = validate(Dataset, {**UNLIMITED, **given}, FILE, "datasets", name)
    guessed = {} if dataset.levels else guess(dataset)
    dataset = dataset.model_copy(update=guessed)

    def count_all(images: Iterator[Batch]) -> Content:
        content = Content(dataset)
        for batch in images:
            content.add(batch)
        return content

    content = fetch(name, dataset, os.environ.get("DATA_MIRROR"), count_all)
    counted: dict[str, Any] = {**guessed, "images": content.images, "classes": max(content.classes, 2)}
    if names := content.names or block.get("names"):
        counted |= {"classes": len(names), "names": names}
    counted["sha256"] = content.sha256
    validate(Dataset, {**block, **counted}, FILE, "datasets", name)
    return counted


def guess(dataset: Dataset) -> dict[str, list[str]]:
    """Return the levels of the folders of a dataset's first source, where its kind can guess them."""
    for kind, place in dataset.sources[0].items():
        with suppress(SourceError):  # which reading it gives again
            if levels := getattr(sources.module(kind), "guess_levels", lambda _: None)(place):
                return {"levels": levels}
    return {}


def remarks(name: str, dataset: Dataset) -> Iterator[str]:
    """Yield what the folders of a dataset say about its splits, after writing it into the one of its own name."""
    for kind, place in dataset.sources[0].items():
        if not hasattr(sources.module(kind), "guess_levels"):
            continue
        found, _ = folder.find(Path(place), dataset.levels)
        if dataset.levels:
            read = f"{found[0].path} is {found[0].says}. If not, edit `levels` and pin again"
            yield f"levels: {', '.join(dataset.levels)}; is that right? {read}"
        tested = [each for each in found if each.is_test]
        if both := {each.group for each in tested} & {each.group for each in found if not each.is_test} - {""}:
            called, remedy = shorten(", ".join(sorted(both)), 60), "`-` in place of `group` in `levels` lets it"
            yield f"train and test folders both have {called}: no split can test on the folders' part; {remedy}"
        elif tested:
            yield set_test(name, len(tested))
        if not dataset.sha256.groups and (groups := folder.names_of_groups(found)):
            called = shorten(", ".join(groups), 60)
            yield f"{called} in the files' names look like groups, such as people; a folder for each makes them so"


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


def set_test(name: str, tested: int) -> str:
    """Write the number of given test images, which come last, into a dataset's split of its name; say what was done."""
    block = rf"  {name}:\n(?=(?:    .*\n)*?    dataset: {name}\b)"
    test = rf"^(splits:\n(?:(?!\w).*\n)*?{block}(?:    .*\n)*?    test:).*(?:\n      .*)*"
    text = FILE.read_text(encoding="utf-8-sig")
    text, count = re.subn(test, rf"\1 {tested}", text, count=1, flags=re.MULTILINE)
    if not count:
        return f"the last {tested} images are those in test folders; a split with `test: {tested}` tests on them"
    files.write_text(FILE, text)
    return f"splits.{name} tests on the {tested} images in test folders, and trains on the others"


@click.command(epilog=examples("pin own"))
@click.argument("dataset")
def command(dataset: str) -> None:
    """Count `images`, `classes`, `names` and `sha256` of a block of `datasets`, and write them into params.yaml.

    A new block needs only `sources` and `shape`; `levels` is guessed where pictures lie deeper than in CLASS/. Where
    there are folders called train and test, the split of the same name tests on those in test.
    Run it again when pictures have been added, moved or changed. It reads the first source that works, and leaves
    everything else in the file as it is.
    """
    params = parameters.load()
    require_choice(f"{FILE}: datasets", dataset, params.names(Dataset))
    counted = count(dataset, params.values["datasets"][dataset] or {})
    files.write_text(FILE, pinned(FILE.read_text(encoding="utf-8-sig"), dataset, counted))
    names = f" ({', '.join(counted['names'])})" if "names" in counted else ""
    print(f"{FILE}: datasets.{dataset} has {counted['images']} images of {counted['classes']} classes{names}")
    with suppress(SourceError):  # the first source is not here: another one was read
        for line in remarks(dataset, parameters.load().block(Dataset, dataset)):
            cli.note(line)
