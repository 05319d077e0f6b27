"""Networks: the features of EfficientNet-Lite, and why they are the same on every processor."""

import io
import pickle
import re
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from digits.imaging.picture_files import make_collection
from digits.messages.errors import UserError
from digits.settings import params_file
from picture_networks import load, load_network
from picture_networks.efficientnet_lite import (
    VARIANTS,
    EfficientNetLite,
    load_layers,
)
from picture_networks.weights import torch_file
from tests.helpers import tiny
from tests.helpers.variants import mark_variants

SIZES = [network.name for network in VARIANTS]
each_size = pytest.mark.parametrize("network", VARIANTS, ids=SIZES)

# The SHA-256 of the features of the photos.
CHECKSUMS = {
    "efficientnet_lite0": "272b58a90dd1994455d819134422c826ef381ffa81ab167c6489e93bae0fe1b4",
    "efficientnet_lite1": "df659dd239378dc59db03d9428c80801970f415615f8e9ca77b02921bf7affec",
    "efficientnet_lite2": "7939a0b19d8bb0f9805b32e06446ba34d25cf262be1bd5e58e3648667bb062e1",
}


# What a process prints: the checksum of the features of the photos, for each variant, and that
# of a product of matrices whose sums are rounded.
PRINT_CHECKSUMS = """
import numpy as np  # reads the environment
from hashlib import sha256
from test_networks import VARIANTS, compute_checksum
for network in VARIANTS:
    print(network.name, compute_checksum(network))
matrix = np.random.default_rng(0).random((1000, 1000), dtype=np.float32)
print("rounded", sha256((matrix @ matrix).tobytes()).hexdigest())
"""


def read_photos(side: int) -> list[Any]:
    """Return parts of scikit-learn's two photos, a temple and a flower."""
    return [
        photo[100 : 100 + side, left : left + side]
        for photo in load_sample_images().images
        for left in [0, min(400, photo.shape[1] - side)]
    ]


def compute_checksum(network: EfficientNetLite) -> str:
    """Return the SHA-256 of the features of the photos."""
    features = [network.describe(photo) for photo in read_photos(network.side)]
    return sha256(np.stack(features).tobytes()).hexdigest()


@each_size
def test_no_sum_of_a_layer_reaches_the_largest_number_whatever_the_picture_is(
    network: EfficientNetLite,
) -> None:
    for layer in network.load().values():
        weights = layer.weights.astype(np.int64)
        assert (weights == layer.weights).all()
        sums = np.abs(weights).sum(axis=0) * layer.input_scale.largest
        assert sums.max() <= 2**24
        assert sums.max() > 0.95 * 2**24  # one more bit would not fit


def compute_checksums(kernel: str, n_threads: int) -> dict[str, str]:
    """Return what PRINT_CHECKSUMS prints if OpenBLAS uses a kernel and a number of threads."""
    done = tiny.run(
        [sys.executable, "-c", PRINT_CHECKSUMS],
        tiny.ROOT,
        PYTHONPATH=str(Path(__file__).parent),
        OPENBLAS_CORETYPE=kernel,
        OPENBLAS_NUM_THREADS=str(n_threads),
        NPY_DISABLE_CPU_FEATURES="",
    )
    return dict(line.split() for line in done.stdout.splitlines())


@each_size
def test_every_machine_gives_the_features_that_were_computed_first(
    network: EfficientNetLite,
) -> None:
    assert compute_checksum(network) == CHECKSUMS[network.name]


@pytest.mark.slow
def test_all_kernels_give_the_same_features_though_they_round_differently() -> None:
    kernels = ["Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX"]
    results = [compute_checksums(*case) for case in product(kernels, [1, 2])]
    assert len({checksums.pop("rounded") for checksums in results}) > 1
    assert all(checksums == CHECKSUMS for checksums in results)


@pytest.mark.parametrize("network", mark_variants(VARIANTS), ids=SIZES)
def test_the_features_of_a_photo_do_not_depend_on_what_else_is_described(
    network: EfficientNetLite,
) -> None:
    photos = read_photos(network.side)
    alone = [network.describe(photo) for photo in photos]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(network.describe, [*photos, *photos[::-1]]))
    assert np.array_equal(together, [*alone, *alone[::-1]])
    assert len(np.unique(alone, axis=0)) == len(photos)
    for features in alone:
        assert features.shape == (network.n_features,)
        assert features.dtype == np.uint8


def hide_weights(
    network: EfficientNetLite,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    content: bytes | None,
) -> None:
    """Let Python find another package of the weights before the installed one."""
    metadata = folder / f"{network.package.replace('-', '_')}-0.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {network.package}\nVersion: 0\n")
    if content is not None:
        path = folder / network.file
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    monkeypatch.syspath_prepend(folder)
    load_layers.cache_clear()


@each_size
@pytest.mark.parametrize(
    ("content", "message"), [(None, "needs the package {}"), (b"other", "not the file")]
)
def test_without_the_weights_the_message_names_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    network: EfficientNetLite,
    content: bytes | None,
    message: str,
) -> None:
    hide_weights(network, monkeypatch, tmp_path, content)
    with pytest.raises(UserError, match=message.format(network.package)) as raised:
        load_network(network.name)
    command = re.search("`make -B venv EXTRAS=(.*)` or", raised.value.message)
    assert command is not None
    project = tomllib.loads((tiny.ROOT / "pyproject.toml").read_text())["project"]
    assert network.package in project["optional-dependencies"][command[1]]


def test_each_of_several_networks_reads_a_picture_at_its_own_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = io.BytesIO()
    Image.fromarray(load_sample_images().images[0]).save(content, "PNG")
    networks = load(SIZES[:2], None)
    assert networks[0].shape != networks[1].shape
    settings = params_file.validate(tiny.params({"datasets.tiny.network": SIZES[:2]}))
    files = pd.DataFrame({"file": ["a.png"]})
    dataset = settings.datasets["tiny"]
    collection = make_collection(files, lambda: iter([content.getvalue()]), dataset)
    assert len(list(collection.blocks())) == 1
    assert collection.more_columns is not None
    stored = collection.more_columns()
    alone = [network.describe(content.getvalue()) for network in networks]
    assert stored["network"].tolist() == [b"".join(alone)]
    assert stored.attrs == {"n_network_features": [network.n_features for network in networks]}


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
