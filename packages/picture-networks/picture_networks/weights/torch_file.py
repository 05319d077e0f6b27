"""Read the tensors in a file of PyTorch without PyTorch, and without running code.

This is the format that `torch.save` wrote before version 1.6, and reads until today. A file has
five pickles: a magic number, the version, facts about the machine, the dictionary of tensors,
and the names of the storages. The numbers of each storage follow, after their count. A tensor
is a part of a storage.

A pickle could run any code when it is loaded. Here, it may name nothing but what tensors are
made of.
"""

import pickle
from collections import OrderedDict
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

DTYPES = {
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}
N_PICKLES_BEFORE_TENSORS = 3
N_BYTES_OF_COUNT = 8

Tensors = dict[str, npt.NDArray[Any]]


class Storage(NamedTuple):
    """Numbers that follow the pickles."""

    name: str
    dtype: np.dtype[Any]


class Tensor(NamedTuple):
    """Where the numbers of a tensor are.

    Attributes:
        storage: the storage that has them.
        offset: how many numbers are before them.
        shape: the shape of the tensor.
        strides: the distance between neighbours along each axis, in numbers.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def rebuild_tensor(
    storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> Tensor:
    """Return what stands for a tensor. The other arguments are about its gradient."""
    return Tensor(storage, offset, shape, strides)


class TensorUnpickler(pickle.Unpickler):
    """An unpickler of tensors, and of nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name in the file stands for.

        Raises:
            UnpicklingError: the name is not one that tensors need.
        """
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild_tensor
        if (module, name) in DTYPES:
            return DTYPES[module, name]
        raise pickle.UnpicklingError(f"{module}.{name} is not a part of a tensor")

    def persistent_load(self, pid: Any) -> Storage:
        """Return what stands for a storage."""
        _, dtype, name, *_ = pid
        return Storage(name, dtype)


def read(content: bytes) -> Tensors:
    """Return the tensors of a file by their names.

    Args:
        content: the content of the file.

    Raises:
        UnpicklingError: the file holds something other than tensors.
        ValueError, TypeError: a tensor exceeds its storage.
    """
    file = BytesIO(content)
    for _ in range(N_PICKLES_BEFORE_TENSORS):
        TensorUnpickler(file).load()
    tensors = TensorUnpickler(file).load()
    dtypes = {tensor.storage.name: tensor.storage.dtype for tensor in tensors.values()}
    storages = read_storages(file, dtypes)
    return {
        name: np.ndarray(
            tensor.shape,
            tensor.storage.dtype,
            storages[tensor.storage.name],
            tensor.offset * tensor.storage.dtype.itemsize,
            [stride * tensor.storage.dtype.itemsize for stride in tensor.strides],
        )
        for name, tensor in tensors.items()
    }


def read_storages(file: BinaryIO, dtypes: dict[str, np.dtype[Any]]) -> dict[str, bytes]:
    """Return the bytes of each storage. The file is after the dictionary of tensors.

    Args:
        file: the opened file.
        dtypes: the type of the numbers of each storage.
    """
    storages = {}
    for name in TensorUnpickler(file).load():
        count = int.from_bytes(file.read(N_BYTES_OF_COUNT), "little")
        storages[name] = file.read(count * dtypes[name].itemsize)
    return storages
