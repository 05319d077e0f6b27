"""Networks that are ONNX files: what they compute, and which files are refused.

onnx_files.py makes the files, and ONNX Runtime computes with them.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto
from onnx.external_data_helper import set_external_data

import onnx_files
import picture_networks
from digits.messages.errors import UserError
from digits.networks import NetworkPackage
from onnx_files import node, tensor
from picture_networks.schema import NetworkFile
from picture_networks.weights import onnx_file
from picture_networks.weights.onnx_file import to_bytes
from tests.helpers import tiny

FILE = "data/network.onnx"
MEAN = np.array([123.675, 116.28, 103.53])  # of ImageNet
STD = np.array([58.395, 57.12, 57.375])

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)
COLORS = PICTURE.mean(axis=(0, 1))  # the mean of each colour

SAME = node("Identity", "x", "y")
MEANS = node("ReduceMean", "x", "y", axes=[2, 3], keepdims=0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test run in an empty folder that has data/."""
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)


def write(content: bytes, **keys: Any) -> NetworkFile:
    """Write an ONNX file, and return the entry of params.yaml."""
    Path(FILE).write_bytes(content)
    return NetworkFile(file=FILE, **keys)


def compute(content: bytes, **keys: Any) -> list[float]:
    """Return the outputs of an ONNX file for PICTURE."""
    return onnx_file.load(write(content, **keys)).compute(PICTURE).tolist()


def refuse(network: NetworkFile) -> str:
    """Return the message with which a network is refused, without the place."""
    with pytest.raises(UserError) as raised:
        onnx_file.load(network)
    start = f"network: {FILE}: "
    assert raised.value.message.startswith(start)
    return raised.value.message.removeprefix(start)


TO_TOKENS = [node("Reshape", "x s", "r"), node("Transpose", "r", "y", perm=[0, 2, 1])]
CHANNELS_LAST = node("Transpose", "x", "y", perm=[0, 2, 3, 1])
SHAPE = tensor("s", [1, 3, 64])


@pytest.mark.parametrize(
    "content",
    [
        onnx_files.model([MEANS]),
        onnx_files.model([node("GlobalAveragePool", "x", "y")]),  # n × 3 × 1 × 1
        onnx_files.model([SAME]),
        onnx_files.model([SAME], [1, 8, 8, 3]),
        onnx_files.model([SAME], ["n", "height", "width", 3]),
        onnx_files.model([CHANNELS_LAST]),
        onnx_files.model(TO_TOKENS, tensors=[SHAPE]),
    ],
    ids=["vector", "pooled", "maps", "last", "open", "maps last", "tokens"],
)
def test_outputs_of_all_shapes_are_averaged_over_the_positions(content: bytes) -> None:
    is_open = b"height" in content
    outputs = compute(content, size=8 if is_open else None)
    np.testing.assert_allclose(outputs, (COLORS - MEAN) / STD, rtol=1e-4)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"mean": [1.0, 2.0, 3.0], "std": [4.0, 5.0, 6.0]}, (COLORS - [1, 2, 3]) / [4, 5, 6]),
        ({"mean": [1.0, 2.0, 3.0]}, COLORS - [1, 2, 3]),
        ({"std": [4.0, 5.0, 6.0]}, COLORS / [4, 5, 6]),
        ({}, (COLORS - MEAN) / STD),
    ],
)
def test_pixels_are_scaled_as_the_keys_say(keys: Any, expected: Any) -> None:
    outputs = compute(onnx_files.model([MEANS]), **keys)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-6)


def test_height_and_width_may_differ() -> None:
    network = onnx_file.load(write(onnx_files.model([MEANS], [1, 3, 4, 6])))
    assert network.shape == [4, 6, 3]
    assert network.n_features == 6
    assert network.describe(PICTURE[:4, :6]).shape == (6,)


def test_a_network_computes_in_one_thread_and_several_pictures_at_a_time() -> None:
    network = onnx_file.load(write(onnx_files.model([MEANS])))
    options = network.session.get_session_options()
    assert options.intra_op_num_threads == options.inter_op_num_threads == 1
    pictures = RNG.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    alone = [network.describe(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(network.describe, pictures))
    assert np.array_equal(together, alone)


OUTPUTS = st.lists(st.integers(-1_000_000, 1_000_000), min_size=1, max_size=20)


@given(OUTPUTS, st.floats(1e-3, 1e3))
def test_bytes_keep_sign_order_and_share_of_the_outputs(
    outputs: list[int], scale: float
) -> None:
    values = np.array(outputs, np.float32)
    features = to_bytes(values)
    positive, negative = features[: len(values)], features[len(values) :]
    assert not positive[values <= 0].any()
    assert not negative[values >= 0].any()
    signed = positive.astype(int) - negative
    assert (np.diff(signed[np.argsort(values)]) >= 0).all()
    largest = np.abs(values).max()
    if largest > 0:
        assert np.abs(signed - 255 * (values / largest)).max() <= 0.501
    np.testing.assert_allclose(to_bytes(values * np.float32(scale)), features, atol=1)


@pytest.mark.parametrize("file", ["weights.bin", "data/weights.bin", "../weights.bin"])
def test_weights_in_another_file_are_never_read(tmp_path: Path, file: str) -> None:
    for place in [tmp_path, tmp_path / "data", tmp_path.parent]:
        (place / "weights.bin").write_bytes(np.ones(3, np.float32).tobytes())
    for location in [file, str(Path(file).resolve())]:
        weights = tensor("w", np.ones((3, 1, 1), np.float32))
        set_external_data(weights, location)
        weights.ClearField("raw_data")
        message = refuse(write(onnx_files.model([node("Add", "x w", "y")], tensors=[weights])))
        assert "its weights are in another file, and must be in the same one" in message


TWO = [onnx_files.declare("z", [1])]
TO_INT = node("Cast", "x", "y", to=TensorProto.INT64)
TO_NUMBER = node("ReduceMean", "x", "y", keepdims=0)
TO_NAN = [node("Sub", "x x", "zeros"), node("Div", "zeros zeros", "y")]
PICTURES = "a picture in colour is n × 3 × height × width or n × height × width × 3, where n is 1 or open"
VECTORS = "features are 1 × n, 1 × positions × n or 1 × n × height × width"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (onnx_files.model([SAME], [1, 1, 8, 8]), f"its input is 1 × 1 × 8 × 8; {PICTURES}"),
        (onnx_files.model([SAME], [8, 3, 8, 8]), f"its input is 8 × 3 × 8 × 8; {PICTURES}"),
        (onnx_files.model([SAME], ["n", 3, 8, 3]), f"its input is n × 3 × 8 × 3; {PICTURES}"),
        (
            onnx_files.model([SAME], kind=TensorProto.UINT8),
            "its input is tensor(uint8); export it with an input of float32",
        ),
        (
            onnx_files.model([SAME], ["n", 3, "h", "w"]),
            "it leaves height and width open; write the key `size`, such as 224",
        ),
        (
            onnx_files.model([SAME], inputs=TWO),
            "it has 2 inputs (x, z); it must have one, the picture",
        ),
        (onnx_files.model([TO_INT]), "output: 'y' is int64; choose one that is float32"),
        (onnx_files.model([TO_NUMBER]), f"output: 'y' is a single number; {VECTORS}"),
        (onnx_files.model(TO_NAN), "output: 'y' has values that are not finite"),
        (
            onnx_files.model([SAME])[:60],
            "ONNX Runtime cannot load it: Failed to load model because protobuf parsing failed; export it again, or, if Git LFS has the file, run `git lfs pull`",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(content: bytes, message: str) -> None:
    assert refuse(write(content)) == message


def test_a_size_that_the_file_does_not_take_is_refused() -> None:
    message = refuse(write(onnx_files.model([MEANS]), size=224))
    assert message.startswith("it cannot compute 'y': Got invalid dimensions for input: x")


def test_an_operator_that_is_no_part_of_onnx_is_refused() -> None:
    message = refuse(write(onnx_files.model([node("Evil", "x", "y", domain="com.example")])))
    assert message.startswith("ONNX Runtime cannot load it: ")
    assert "com.example" in message


def test_without_onnx_runtime_the_message_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = write(onnx_files.model([MEANS]))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    with pytest.raises(UserError, match=FILE) as raised:
        onnx_file.load(network)
    line = f"network: {FILE}: it needs onnxruntime; run `make -B venv EXTRAS=onnx` or, in a"
    assert raised.value.message.startswith(line)


@pytest.mark.variant
def test_onnx_runtime_is_imported_for_an_onnx_file_alone() -> None:
    program = (
        "import sys; from picture_networks import load_network; "
        "load_network('efficientnet_lite0'); print('onnxruntime' in sys.modules)"
    )
    assert tiny.run([sys.executable, "-c", program], tiny.ROOT).stdout == "False\n"


READER: NetworkPackage = picture_networks  # mypy compares the module with the protocol
IN_DATA = "must be an ONNX file in data/, such as data/network.onnx"
NOT_FOUND = "it was not found; put it there, or fetch what was shared by"
NO_SISE = "there is no 'sise'. Did you mean 'size'? Valid: file, mean, size, std."


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ([], "network: must name at least one network, not []"),
        ([["a"]], "network: must be a network, not ['a']"),
        ("net.onnx", f"network.file: {IN_DATA}, not 'net.onnx'"),
        ("data/../a.onnx", f"network.file: {IN_DATA}, not 'data/../a.onnx'"),
        ("data/a.pt", f"network.file: {IN_DATA}, not 'data/a.pt'"),
        ({"size": 8}, "network.file is missing"),
        ({"file": FILE, "size": 0}, "network.size: must be greater than or equal to 1, not 0"),
        (
            {"file": FILE, "mean": [1.0]},
            "network.mean: must have a length of at least 3, not [1.0]",
        ),
        (
            {"file": FILE, "std": [1.0, 0.0, 1.0]},
            "network.std.1: must be greater than 0, not 0.0",
        ),
        ({"file": FILE, "sise": 8}, f"network: {NO_SISE}"),
        ("data/a.onnx", f"network: data/a.onnx: {NOT_FOUND} `dvc pull data/a.onnx`"),
    ],
)
def test_the_message_says_which_key_is_wrong(network: Any, message: str) -> None:
    with pytest.raises(UserError) as raised:
        READER.load(network, None, use_cache=False)
    assert raised.value.message == message
