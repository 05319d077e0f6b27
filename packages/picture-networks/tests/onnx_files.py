"""Write ONNX files of a few hundred bytes, in the encoding of protobuf.

The numbers of the fields are those of onnx.proto, the definition of the format.
"""

from collections.abc import Sequence
from typing import Any

FLOAT, UINT8, INT64 = 1, 2, 7  # the types of tensors
EXTERNAL = 1  # where the data of a tensor are
INT, TENSOR, INTS = 2, 4, 7  # the types of attributes


def encode_number(number: int) -> bytes:
    """Return a whole number of at least 0 to the base 128, the lowest digit first."""
    return (
        bytes([number])
        if number < 128
        else bytes([number % 128 + 128]) + encode_number(number // 128)
    )


def message(*fields: tuple[int, Any]) -> bytes:
    """Return a message of protobuf.

    Args:
        fields: the number of each field, and its value: a number, a text or a message.
    """
    content = b""
    for number, value in fields:
        if isinstance(value, int):
            content += encode_number(number << 3) + encode_number(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            content += encode_number(number << 3 | 2) + encode_number(len(data)) + data
    return content


def node(op: str, inputs: str, output: str, domain: str = "", **attributes: Any) -> bytes:
    """Return a node that applies an operator.

    Args:
        op: the name of the operator.
        inputs: the names of its inputs, with spaces between them.
        output: the name of its output.
        domain: the domain of the operator, "" for ONNX's own.
        attributes: a number, a list of numbers, or a tensor.
    """
    fields: list[tuple[int, Any]] = [(1, name) for name in inputs.split()]
    fields += [(2, output), (4, op), (7, domain)]
    for name, value in attributes.items():
        if isinstance(value, int):
            fields.append((5, message((1, name), (3, value), (20, INT))))
        elif isinstance(value, bytes):
            fields.append((5, message((1, name), (5, value), (20, TENSOR))))
        else:
            numbers = [(8, number) for number in value]
            fields.append((5, message((1, name), *numbers, (20, INTS))))
    return message(*fields)


def tensor(name: str, kind: int, shape: Sequence[int], data: bytes) -> bytes:
    """Return a tensor with its data."""
    return message(*[(1, side) for side in shape], (2, kind), (8, name), (9, data))


def outside(name: str, shape: Sequence[int], file: str) -> bytes:
    """Return a tensor of floats whose data are in another file."""
    location = message((1, "location"), (2, file))
    dims = [(1, side) for side in shape]
    return message(*dims, (2, FLOAT), (8, name), (13, location), (14, EXTERNAL))


def declare(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> bytes:
    """Return the declaration of an input. A text in the shape is an open axis."""
    dims = [(1, message((1 if isinstance(side, int) else 2, side))) for side in shape]
    return message((1, name), (2, message((1, message((1, kind), (2, message(*dims)))))))


def model(
    nodes: Sequence[bytes],
    shape: Sequence[int | str] = ("n", 3, 8, 8),
    *,
    output: str = "y",
    inputs: Sequence[bytes] = (),
    tensors: Sequence[bytes] = (),
    metadata: dict[str, str] | None = None,
    kind: int = FLOAT,
) -> bytes:
    """Return an ONNX file.

    Args:
        nodes: the nodes of the graph.
        shape: the shape of the input `x`.
        output: the name of the output.
        inputs: the declarations of further inputs.
        tensors: the weights.
        metadata: the metadata, by their keys.
        kind: the type of the input.
    """
    graph = message(
        *[(1, each) for each in nodes],
        (2, "graph"),
        *[(5, each) for each in tensors],
        *[(11, each) for each in [declare("x", shape, kind), *inputs]],
        (12, message((1, output))),
    )
    properties = [
        (14, message((1, key), (2, value))) for key, value in (metadata or {}).items()
    ]
    return message((1, 8), (8, message((2, 13))), (7, graph), *properties)
