"""Files with arrays: .npz, .npy, .mat and IDX files. All arrays must fit into memory.

Pickles are refused, because they can run code.
"""

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

SUFFIXES = (".npz", ".npy", ".mat")
# Such as train-images-idx3-ubyte.gz.
IDX_NAME = re.compile(r".*idx\d-(ubyte|byte|short|int|float|double)(\.gz)?")
# The type of the values of an IDX file by its third byte.
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}

# NumPy's codes of booleans, integers, floats, strings and bytes.
ALLOWED_KINDS = "buifUS"

# What to do about arrays that cannot be read.
HOW_TO_CONVERT = (
    "load them in Python, write them with numpy.savez('data/own/images.npz', x_train=…, "
    "y_train=…, x_test=…, y_test=…), and delete these files"
)


def is_array_file(path: Path) -> bool:
    """Return whether the name of a file is one of .npz, .npy, .mat and IDX files."""
    name = path.name.lower()
    return name.endswith(SUFFIXES) or IDX_NAME.fullmatch(name) is not None


def load_file(path: Path) -> dict[str, Any]:
    """Return the arrays of numbers and strings in a file by their names.

    The single array of an IDX or .npy file has the name "".

    Raises:
        Exception: the file is damaged, or holds a pickle.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        # `np.load` would take a file that is no archive for a pickle.
        with path.open("rb") as opened, np.lib.npyio.NpzFile(opened) as file:
            variables = dict(file)
    elif suffix == ".npy":
        variables = {"": np.load(path, allow_pickle=False)}
    elif suffix == ".mat":
        variables = scipy.io.loadmat(path)  # also strings such as `__version__`
    else:
        variables = {"": parse_idx(path.read_bytes())}
    return {name: value for name, value in variables.items() if is_array(value)}


def parse_idx(content: bytes) -> Any:
    """Return the array of an IDX file, gzipped or not.

    Raises:
        Exception: the file is damaged, or no IDX file.
    """
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    if content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise ValueError(f"not an IDX file: it begins with {content[:4]!r}")
    shape = np.frombuffer(content, ">u4", count=content[3], offset=4)
    return np.frombuffer(content, IDX_TYPES[content[2]], offset=4 + shape.nbytes).reshape(shape)


def is_array(value: Any) -> bool:
    """Return whether a variable is an array of numbers or strings, not a sparse matrix."""
    return isinstance(value, np.ndarray) and value.dtype.kind in ALLOWED_KINDS


def explain(error: Exception) -> str:
    """Return why a file cannot be read, and what to do."""
    if isinstance(error, NotImplementedError):  # scipy.io cannot read HDF5
        return f"MATLAB's format 7.3 cannot be read; {HOW_TO_CONVERT}"
    if "allow_pickle" in str(error):  # the argument that would allow it
        return f"it holds a pickle, which can run any code; if you trust it, {HOW_TO_CONVERT}"
    return f"{error}; {HOW_TO_CONVERT}"
