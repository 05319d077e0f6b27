"""Tables whose pixels exceed the memory."""

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from digits.core.images import Images, read_images, write_images
from digits.core.on_disk import concatenate_on_disk, select_rows
from digits.learning.network_features import select_input
from digits.messages.errors import UserError
from digits.settings.params import ModelParams
from tests.helpers import tiny
from tests.helpers.processes import full_disk

PIXELS, CLASSES = tiny.digits()

# The stages between `fetch` and `train`, and an entry of params.yaml for each.
STAGES = {"split": "tiny", "binarize": "five"}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("digits.core.on_disk.READ_BYTES", 150 * 64)
    monkeypatch.setattr("digits.core.images.READ_BYTES", 40 * 64)
    monkeypatch.setattr("digits.core.images.ROW_GROUP_BYTES", 150 * 64)
    monkeypatch.setattr("digits.learning.network_features.READ_BYTES", 57 * 64)
    monkeypatch.chdir(tmp_path)


def test_rows_in_any_order_are_written_in_several_row_groups() -> None:
    table = pd.DataFrame({"class": CLASSES, "label": CLASSES})
    table.attrs = {"names": ["é", "b"]}
    rows = np.random.default_rng(0).permutation(400)[:360]
    path = Path("data/table")
    write_images(path, Images(PIXELS, table).select(rows))
    assert pq.read_metadata(path).num_row_groups == 3

    read_by_pandas = pd.read_parquet(path)
    assert np.array_equal(tiny.pixels_of(read_by_pandas), PIXELS[rows])
    assert read_by_pandas.attrs == table.attrs
    found = read_images(path)
    assert np.array_equal(found.X, PIXELS[rows])
    assert found.table.equals(table.iloc[rows].reset_index(drop=True))
    assert found.table.attrs == table.attrs


def test_a_table_has_more_rows_than_a_small_number_counts() -> None:
    X = (np.arange(70_000) % 251).astype(np.uint8)[:, np.newaxis]
    write_images(Path("data/table"), Images(X, pd.DataFrame({"row": np.arange(len(X))})))
    assert np.array_equal(read_images(Path("data/table")).X, X)


def test_the_features_of_a_network_are_beside_the_pixels_of_the_same_image() -> None:
    features = np.arange(800).astype(np.uint8).reshape(400, 2)  # the last image is a block
    table = pd.DataFrame({"network": [row.tobytes() for row in features]})
    table.attrs = {"shape": [8, 8], "pixel_max": 16, "n_network_features": [2]}
    entry = tiny.model("digit", "scaled", tiny.SGD, 0)
    entry["feature_parameters"] = {"weight_beside_network": 1.0}
    X = select_input(ModelParams.model_validate(entry), Images(PIXELS, table))
    assert np.array_equal(X, np.hstack([features, PIXELS]))


def test_a_full_disk_is_not_called_a_damaged_file() -> None:
    write_images(Path("data/table"), Images(PIXELS, pd.DataFrame({"class": CLASSES})))
    expected = re.escape(f"a temporary file in {Path.cwd()} cannot be written: [Errno 27] File")
    with full_disk(), pytest.raises(UserError, match=f"^{expected}"):
        read_images(Path("data/table"))
    with full_disk(), pytest.raises(UserError, match=f"^{expected}"):
        select_rows(PIXELS, np.arange(400)[::-1])


def peak_memory(command: list[str]) -> float:
    """Run a command, and return the peak of the memory that it needs of its own, in MiB.

    Pages of files, which the operating system can drop, do not count.
    """
    peak = 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            for line in status.splitlines():
                if line.startswith("RssAnon:"):
                    peak = max(peak, int(line.split()[1]))
            time.sleep(0.005)
    assert process.returncode == 0
    return peak / 1024


# Run a stage with row groups of 4 MiB, so that few images already fill several of them.
RUN_STAGE = """
import runpy, sys
from digits.core import images
images.ROW_GROUP_BYTES = 4 * 2**20
runpy.run_module(f"stages.{sys.argv.pop(1)}", run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no RssAnon")
def test_more_rows_take_no_more_memory() -> None:
    tiny.write_idx_files(Path("idx"))
    tiny.edit(Path(), {})
    peaks = {}
    for n_images in [250_000, 1_500_000]:
        n_copies = n_images // len(PIXELS)
        table = pd.DataFrame({"class": np.tile(CLASSES, n_copies)})
        table.attrs = {"shape": tiny.SHAPE, "pixel_max": tiny.PIXEL_MAX}
        X = concatenate_on_disk(PIXELS for _ in range(n_copies))
        write_images(Path("data/raw/tiny.parquet"), Images(X, table))
        for stage, name in STAGES.items():
            command = [sys.executable, "-c", RUN_STAGE, stage, name]
            peaks[stage, n_images] = peak_memory(command)
    # `split` needs most: 5 bytes per image for the columns, 9 for the selected columns, 8 for
    # their index, and 4 for each of five arrays of rows. These are 50 MiB for 1,250,000 images.
    # Their pixels would take 76 MiB more.
    for stage in STAGES:
        assert peaks[stage, 1_500_000] - peaks[stage, 250_000] < 70, peaks
