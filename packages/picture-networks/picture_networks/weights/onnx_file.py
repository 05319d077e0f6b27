"""Compute features with an ONNX file, by ONNX Runtime.

ONNX Runtime runs no Python of the file, and knows only the operators of the ONNX standard and
its own. It adds numbers in an order that depends on the processor, so that a byte of the
features may differ by 1.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digits.core.pixels import Pixels
from digits.messages.errors import UserError, describe_installation, prefix_errors
from digits.settings.params import N_CHANNELS
from picture_networks.schema import NetworkFile

EXTRA = "onnx"  # the extra of pyproject.toml that has ONNX Runtime

# The mean and the standard deviation of ImageNet's photos, on which most networks are trained,
# as packages/picture-networks/docs/network.md says.
IMAGENET = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])

FLOATS = "tensor(float)"  # ONNX Runtime's name of the type of an input
LARGEST_FEATURE = 255

Values = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A network of an ONNX file.

    Attributes:
        file: the path of the file.
        identity: what the outputs depend on, besides the picture.
        session: the network in ONNX Runtime.
        input: the name of its input.
        output: the name of its first output, which has the features.
        shape: height, width and 3 of the pictures that it takes.
        channels_first: whether the axes of its input are n c h w, and not n h w c.
        mean: what is subtracted from red, green and blue.
        std: what they are then divided by.
        n_features: the number of features of a picture, 0 if it is not known yet.
    """

    file: str
    identity: str
    session: Any
    input: str
    output: str
    shape: list[int]
    channels_first: bool
    mean: Values
    std: Values
    n_features: int = 0

    def compute(self, picture: Pixels) -> Values:
        """Return the outputs for a picture of the shape `shape`, shape (n_outputs,).

        Raises:
            UserError: ONNX Runtime fails, or the outputs cannot be features.
        """
        values = (picture - self.mean) / self.std
        if self.channels_first:
            values = values.transpose(2, 0, 1)
        try:
            [outputs] = self.session.run([self.output], {self.input: values[np.newaxis]})
        except Exception as error:  # ONNX Runtime's exceptions have no class in common
            reason = explain(error)
            raise UserError(f"it cannot compute {self.output!r}: {reason}") from None
        check_outputs(self.output, outputs)
        height, width, _ = self.shape
        return average(outputs, height, width)

    def describe(self, picture: Pixels) -> Pixels:
        """Return the features of a picture of the shape `shape`, as `to_bytes` stores them.

        Raises:
            UserError: as `compute` does.
        """
        return to_bytes(self.compute(picture))


def load(network: NetworkFile) -> OnnxNetwork:
    """Return the network of an ONNX file, which has been tried with a grey picture.

    Args:
        network: the file, and what the file does not say.

    Raises:
        UserError: the file is missing or damaged, or does not compute features of pictures.
    """
    with prefix_errors(f"network: {network.file}"):
        content = read(Path(network.file))
        session = open_session(content, network.file)
        name, shape, channels_first = find_input(session, network.size)
        mean, std = choose_scale(network)
        loaded = OnnxNetwork(
            file=network.file,
            identity=identify(content, network),
            session=session,
            input=name,
            output=session.get_outputs()[0].name,
            shape=shape,
            channels_first=channels_first,
            mean=np.array(mean, dtype=np.float32),
            std=np.array(std, dtype=np.float32),
        )
        grey = np.full(shape, 127, dtype=np.uint8)
        return replace(loaded, n_features=len(loaded.describe(grey)))


def read(path: Path) -> bytes:
    """Return the content of the file of a network.

    Raises:
        UserError: it is missing, or not a file.
    """
    if not path.is_file():
        raise UserError(
            f"it was not found; put it there, or fetch what was shared by `dvc pull {path}`"
        )
    return path.read_bytes()


def compute_checksum(networks: Sequence[NetworkFile]) -> str:
    """Return the SHA-256 of the file of a network, or of the checksums of several files.

    Raises:
        UserError: as `read` does.
    """
    checksums = []
    for network in networks:
        with prefix_errors(f"network: {network.file}"):
            checksums.append(sha256(read(Path(network.file))).hexdigest())
    if len(checksums) == 1:
        return checksums[0]
    return sha256("\n".join(checksums).encode()).hexdigest()


def identify(content: bytes, network: NetworkFile) -> str:
    """Return what the outputs of a network depend on, besides the picture.

    Args:
        content: the content of the ONNX file.
        network: what the file does not say.
    """
    keys = network.model_dump_json(exclude={"file"})
    return f"{sha256(content).hexdigest()} {keys} {version('onnxruntime')}"


def open_session(content: bytes, file: str) -> Any:
    """Return the network in ONNX Runtime, in a single thread.

    Several pictures are read at a time, each in a thread of its own.

    Weights in other files are refused, because no checksum would notice a change of them. ONNX
    Runtime fails to find them, because the path of their folder is that of the network's file.

    Args:
        content: the content of the ONNX file.
        file: its path.

    Raises:
        UserError: ONNX Runtime is not installed, or the content is no file that it can use.
    """
    try:
        import onnxruntime  # here, because only these networks need it
    except ModuleNotFoundError:
        raise UserError(f"it needs onnxruntime; {describe_installation(EXTRA)}") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is in the exceptions
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", file
    )
    try:
        return onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's exceptions have no class in common
        raise UserError(
            f"ONNX Runtime cannot load it: {explain(error)}; export it again, or, if Git "
            "LFS has the file, run `git lfs pull`"
        ) from None


def explain(error: Exception) -> str:
    """Return the message of an exception of ONNX Runtime in one line, without its code."""
    _, _, message = f" : {error}".rpartition(" : ")
    if "External data path" in message:
        return "its weights are in another file, and must be in the same one"
    return textwrap.shorten(message.strip().rstrip("."), 160)


def find_input(session: Any, size: int | None) -> tuple[str, list[int], bool]:
    """Return what pictures a network takes.

    Args:
        session: the network.
        size: the height and the width that params.yaml gives, or None.

    Returns:
        The name of the input, the shape of a picture (height, width, 3), and whether the axes
        of the input are n c h w, and not n h w c.

    Raises:
        UserError: it does not take a single picture in colour, or `size` is missing.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(declared.name for declared in inputs)
        raise UserError(f"it has {len(inputs)} inputs ({names}); it must have one, the picture")
    [declared] = inputs
    axes = declared.shape
    channels_first = len(axes) == 4 and axes[1] == N_CHANNELS
    channels_last = len(axes) == 4 and axes[3] == N_CHANNELS
    if channels_first == channels_last or (isinstance(axes[0], int) and axes[0] != 1):
        text = " × ".join(str(axis or "?") for axis in axes)
        raise UserError(
            f"its input is {text}; a picture in colour is n × 3 × height × width or "
            "n × height × width × 3, where n is 1 or open"
        )
    if declared.type != FLOATS:
        raise UserError(f"its input is {declared.type}; export it with an input of float32")
    height, width = axes[2:4] if channels_first else axes[1:3]
    if size is not None:
        height = width = size
    if not isinstance(height, int) or not isinstance(width, int):
        raise UserError("it leaves height and width open; write the key `size`, such as 224")
    return declared.name, [height, width, N_CHANNELS], channels_first


def choose_scale(network: NetworkFile) -> tuple[list[float], list[float]]:
    """Return what is subtracted from red, green and blue, and what they are then divided by."""
    if network.mean is None and network.std is None:
        return IMAGENET
    return network.mean or [0.0] * N_CHANNELS, network.std or [1.0] * N_CHANNELS


def check_outputs(name: str, outputs: Any) -> None:
    """Check that the outputs for a picture can be features.

    Args:
        name: the name of the output.
        outputs: what ONNX Runtime returns.

    Raises:
        UserError: they are not numbers, have another shape than `average` takes, or are not
            finite.
    """
    if not isinstance(outputs, np.ndarray) or outputs.dtype.kind != "f":
        kind = getattr(outputs, "dtype", type(outputs).__name__)
        raise UserError(f"output: {name!r} is {kind}; choose one that is float32")
    if outputs.ndim not in {2, 3, 4} or len(outputs) != 1 or not outputs.size > 0:
        text = " × ".join(map(str, outputs.shape)) or "a single number"
        raise UserError(
            f"output: {name!r} is {text}; features are 1 × n, 1 × positions × n or "
            "1 × n × height × width"
        )
    if not np.isfinite(outputs).all():
        raise UserError(f"output: {name!r} has values that are not finite")


def average(outputs: Values, height: int, width: int) -> Values:
    """Return one value per channel, the mean over all positions in a picture.

    Args:
        outputs: shape (1, n_channels), (1, n_positions, n_channels), as transformers have it,
            (1, n_channels, n_rows, n_columns), or (1, n_rows, n_columns, n_channels).
        height: the height of the picture.
        width: the width of the picture.
    """
    if outputs.ndim == 3 or has_channels_last(outputs.shape, height, width):
        outputs = np.moveaxis(outputs, -1, 1)
    n_channels = outputs.shape[1]
    means = outputs.reshape(n_channels, -1).mean(axis=1, dtype=np.float64)
    return means.astype(np.float32)


def has_channels_last(shape: tuple[int, ...], height: int, width: int) -> bool:
    """Return whether outputs are (1, n_rows, n_columns, n_channels).

    The axes of the input do not tell, because ONNX's own convolutions have the channels first.
    The numbers of rows and columns have the same ratio as height and width.
    """
    if len(shape) != 4:
        return False
    _, first, second, third = shape
    return first * width == second * height and second * width != third * height


def to_bytes(values: Values) -> Pixels:
    """Return the features of a picture: its outputs, divided by the largest absolute one.

    The positive and the negative outputs have bytes of their own, so that 0 stays 0, and the
    features can be scaled to the same norm. A square root, as efficientnet_lite0 takes it, is
    omitted because it made logistic regression on the signed outputs of a transformer worse.

    Args:
        values: the outputs for the picture, shape (n_outputs,).

    Returns:
        Shape (2 * n_outputs,), 0 to 255. The first half is of the positive outputs.
    """
    largest = np.abs(values).max()
    shares = values / largest if largest > 0 else values
    parts = np.concatenate([shares, -shares]).clip(0)
    return np.rint(parts * LARGEST_FEATURE).astype(np.uint8)
