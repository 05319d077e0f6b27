"""Count what a dataset has, and pin it in params.yaml: `images`, `classes`, `names` and `sha256`.

A new block needs no more than `sources` and `shape`. What a block says already is counted anew: so are pictures taken
over that were added, moved or changed. The first source that works is read; all else in the file stays as it is.
"""

import io
import os
from collections.abc import Iterator, Mapping
from typing import Any

from digits.io import files
from digits.sources import MOST_CLASSES, Content, Images, SourceError
from digits.support import cli, parameters
from digits.support.errors import ParameterError, require_choice, show
from digits.support.parameters import COUNTED, FILE, Dataset
from digits.support.section import validate
from stages.fetch import fetch

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

UNLIMITED = {"images": 100_000_000, "classes": MOST_CLASSES, "sha256": {"pixels": "0" * 64, "labels": "0" * 64}}


def count(name: str, block: Mapping[str, Any]) -> dict[str, Any]:
    """Read a dataset, and return what its block of params.yaml is to say of it.

    Raises:
        ParameterError: a value of the block is wrong, or what came cannot be a dataset.
        PipelineError: no source has it.
    """
    given = {key: value for key, value in block.items() if key not in {*COUNTED, "names", "enlarged"}}
    dataset = validate(Dataset, {**UNLIMITED, **given}, FILE, "datasets", name)

    def keep(images: Iterator[Images]) -> Content:
        content = Content(dataset)
        for batch in images:
            content.add(batch)
        if not content.images:
            raise SourceError("has no images")
        return content

    content = fetch(name, dataset, os.environ.get("DATA_MIRROR"), keep)
    counted: dict[str, Any] = {"images": content.images, "classes": max(content.classes, 2)}
    if names := content.names or block.get("names"):
        counted |= {"classes": len(names), "names": names}
    counted["sha256"] = content.sha256
    validate(Dataset, {**block, **counted}, FILE, "datasets", name)
    return counted


def pinned(text: str, name: str, counted: Mapping[str, Any]) -> str:
    """Return the text of params.yaml with what was counted of a dataset in its block."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 10_000  # no line is broken that was not
    document = yaml.load(text)
    block = document["datasets"][name]
    for i, (key, value) in enumerate(counted.items()):
        if key not in block:  # to the front: what stands between this block and the next one belongs to its last line
            block.insert(i, key, value)
        elif isinstance(value, dict) and isinstance(block[key], dict):
            block[key].update(value)
        elif isinstance(value, list) and isinstance(block[key], list):
            following = block[key].ca.items.get(len(block[key]) - 1)
            block[key] = CommentedSeq(value)
            block[key].ca.items.update({len(value) - 1: following} if following else {})
        else:
            block[key] = value
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def main() -> None:
    """Read, count, write."""
    parser = cli.parser(__doc__, "own")
    parser.add_argument("dataset", help="a block of `datasets` in params.yaml")
    name = parser.parse_args().dataset
    params = parameters.load()
    require_choice(f"{FILE}: datasets", name, params.names(Dataset))
    block = params.values["datasets"][name]
    if not isinstance(block, dict):
        raise ParameterError(f"{FILE}: datasets.{name}: must be a block of keys and values, not {show(block)}")
    counted = count(name, block)
    text = FILE.read_text(encoding="utf-8-sig")
    files.write_text(FILE, pinned(text, name, counted))
    names = f" ({', '.join(counted['names'])})" if "names" in counted else ""
    print(f"{FILE}: datasets.{name} has {counted['images']} images of {counted['classes']} classes{names}")


if __name__ == "__main__":
    cli.run(main)
