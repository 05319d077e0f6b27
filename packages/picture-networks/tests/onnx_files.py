"""Make ONNX files of a few hundred bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import (
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

Shape = Sequence[int | str]  # a text is an open axis


def node(op: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    """Return a node that applies an operator. There are spaces between the names of inputs."""
    return helper.make_node(op, inputs.split(), [output], **attributes)


def tensor(name: str, values: npt.ArrayLike) -> TensorProto:
    """Return a tensor with its values."""
    return numpy_helper.from_array(np.asarray(values), name)


def declare(name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> ValueInfoProto:
    """Return the declaration of an input."""
    return helper.make_tensor_value_info(name, kind, shape)


def model(
    nodes: Sequence[NodeProto],
    shape: Shape = ("n", 3, 8, 8),
    *,
    inputs: Sequence[ValueInfoProto] = (),
    tensors: Sequence[TensorProto] = (),
    kind: int = TensorProto.FLOAT,
) -> bytes:
    """Return an ONNX file whose output is `y`.

    Args:
        nodes: the nodes of the graph.
        shape: the shape of the input `x`.
        inputs: the declarations of further inputs.
        tensors: the weights.
        kind: the type of the input.
    """
    inputs = [declare("x", shape, kind), *inputs]
    output = ValueInfoProto(name="y")
    graph = helper.make_graph(nodes, "graph", inputs, [output], tensors)
    opsets = [helper.make_opsetid("", 13)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return bytes(content)
