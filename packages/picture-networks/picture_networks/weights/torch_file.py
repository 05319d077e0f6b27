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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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


def rebuild_tensor(*arguments: Any) -> Tensor:
    """Return what stands for a tensor. The arguments after the first four are omitted."""
    return Tensor(*arguments[:4])


# What the names in a file stand for.
NAMES = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
}


class TensorUnpickler(pickle.Unpickler):
    """An unpickler of tensors, and of nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name in the file stands for."""
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"{module}.{name} is not a part of a tensor")
        return NAMES[module, name]

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
    sizes = {tensor.storage.name: tensor.storage.dtype.itemsize for tensor in tensors.values()}
    numbers = {}
    for name in TensorUnpickler(file).load():
        count = int.from_bytes(file.read(N_BYTES_OF_COUNT), "little")
        numbers[name] = file.read(count * sizes[name])
    return {name: make_array(tensor, numbers) for name, tensor in tensors.items()}


def make_array(tensor: Tensor, numbers: dict[str, bytes]) -> npt.NDArray[Any]:
    """Return a tensor as an array. `numbers` has the bytes of all storages."""
    name, dtype = tensor.storage
    offset = tensor.offset * dtype.itemsize
    strides = [stride * dtype.itemsize for stride in tensor.strides]
    return np.ndarray(tensor.shape, dtype, numbers[name], offset, strides)
