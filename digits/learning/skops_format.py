"""Import skops quickly, and make the bytes of its files reproducible.

A file of skops is a ZIP archive. Its member schema.json describes all objects of a model, as
nodes. The other members are the arrays.
"""

import json
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import PurePath
from types import ModuleType
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np

# The key of schema.json under which a file has the checksums of code. skops ignores it.
CODE_KEY = "digits_code"


def import_skops() -> ModuleType:
    """Import skops.io without its own lists of trusted types.

    skops lists all types of scikit-learn. Without the lists, the import takes 0.05 s instead of
    0.70 s. They may be empty here, because digits/security/trust.py checks all types of a file.
    """
    name = "skops.io._trusted_types"
    if name not in sys.modules:
        sys.modules[name] = EmptyLists(name)
    import skops.io

    return skops.io


class EmptyLists(ModuleType):
    """A module in which every name in capitals, such as `CONTAINER_TYPE_NAMES`, is empty."""

    def __getattr__(self, name: str) -> list[str]:
        if not name.isupper():
            raise AttributeError(name)
        return []


def read_schema(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the schema.json of a skops file, and a list of all its nodes, inner ones first."""
    nodes = []

    def add_node(node: dict[str, Any]) -> dict[str, Any]:
        nodes.append(node)
        return node

    # json.loads calls `add_node` with each object of the JSON text.
    schema = json.loads(ZipFile(BytesIO(content)).read("schema.json"), object_hook=add_node)
    return schema, nodes


def make_reproducible(content: bytes, code_checksums: Mapping[str, str]) -> bytes:
    """Return a skops file whose bytes depend only on the model and its code.

    DVC compares the bytes of a model to decide whether to evaluate it again. A model that is
    trained again, also on another machine, should therefore have the same bytes.

    - The members of the archive have no dates.
    - The memory addresses, by which skops recognizes objects, are removed.
    - Equal arrays are stored once, whether or not they were the same object.
    - The padding between the fields of structured arrays, which is uninitialized, is set to 0.

    The checksums of the code that the model needs to predict are added.
    """
    original = ZipFile(BytesIO(content))
    schema, nodes = read_schema(content)
    names: dict[bytes, str] = {}  # the new name of each distinct content
    for node in nodes:
        node.pop("__id__", None)  # the memory address
        if isinstance(node.get("file"), str):
            suffix = PurePath(node["file"]).suffix
            member = original.read(node["file"])
            if suffix == ".npy":
                member = clear_padding(member)
            if member not in names:
                names[member] = f"{len(names)}{suffix}"
            node["file"] = names[member]
    schema[CODE_KEY] = code_checksums
    reproducible = BytesIO()
    with ZipFile(reproducible, "w") as archive:
        for member, name in names.items():
            archive.writestr(ZipInfo(name), member)  # ZipInfo sets a fixed date
        text = json.dumps(schema, separators=(",", ":"))
        archive.writestr(ZipInfo("schema.json"), text)
    return reproducible.getvalue()


def clear_padding(npy_file: bytes) -> bytes:
    """Return an .npy file with zeros between the fields, if its array is structured.

    The nodes of a decision tree are a structured array.
    """
    array = np.load(BytesIO(npy_file))
    if array.dtype.names is None:
        return npy_file
    cleared = np.zeros(array.shape, array.dtype)
    for field in array.dtype.names:
        cleared[field] = array[field]
    file = BytesIO()
    np.save(file, cleared)
    return file.getvalue()
