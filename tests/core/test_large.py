"""Tables whose pixels exceed the memory, and models that are fitted on them in passes."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier

from digits.core.images import ImageFormat, Images, read_images, write_images
from digits.core.on_disk import concatenate_on_disk, select_rows
from digits.learning.fitting import fit
from digits.learning.network_features import select_input
from digits.learning.pipelines import build_pipeline
from digits.learning.scores import compute_scores, response_method
from digits.messages.errors import UserError
from digits.settings.params import ModelParams
from tests.helpers import tiny
from tests.helpers.calls import call
from tests.helpers.processes import full_disk

PIXELS, CLASSES = tiny.digits()
SCALED = PIXELS.astype(np.float32) / tiny.PIXEL_MAX
FORMAT = ImageFormat(tiny.SHAPE, tiny.PIXEL_MAX)
N_FIRST = 300  # of 400 images, this many are copied
N_OTHERS = 100
MLP = "neural_network.MLPClassifier"
ROWS_PER_BATCH = 150
PAGE = tiny.ROOT / "docs/pipeline.md"

# The stages after `fetch`, and an entry of params.yaml for each.
STAGES = {
    "split": "tiny",
    "binarize": "five",
    "train": "five-sgd",
    "evaluate": "five-sgd",
}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("digits.learning.passes.BATCH_BYTES", ROWS_PER_BATCH * 64)
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
    table.attrs["n_network_features"] = [2]
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


def build(classifier: str, features: str = "scaled", **hyperparameters: Any) -> Any:
    """Return an unfitted pipeline."""
    entry = tiny.model("digit", features, classifier, 0, **hyperparameters)
    return build_pipeline(ModelParams.model_validate(entry), FORMAT, 42)


@pytest.mark.parametrize(("name", "kind"), [(tiny.SGD, SGDClassifier), (MLP, MLPClassifier)])
def test_a_model_is_fitted_with_partial_fit_in_each_pass(name: str, kind: Any) -> None:
    fitted = fit(build(name, passes=3), PIXELS, CLASSES, test_fold=None, n_passes=3)
    expected = kind(random_state=42)
    for _ in range(3):
        for start in range(0, 400, ROWS_PER_BATCH):
            batch = slice(start, start + ROWS_PER_BATCH)
            expected.partial_fit(SCALED[batch], CLASSES[batch], classes=np.arange(10))
    expected_scores = getattr(expected, response_method(fitted.model))(SCALED)
    assert np.allclose(compute_scores(fitted.model, PIXELS), expected_scores)


def test_no_model_is_fitted_on_held_out_rows() -> None:
    folds = 1 + np.arange(400) % 2
    pipeline = build(tiny.SGD, passes=5)
    pipeline.steps.insert(1, ("best", SelectKBest(chi2, k=20)))  # learns from labels
    fitted = fit(pipeline, PIXELS, CLASSES, folds, n_passes=5)

    # Fit the model of the second fold in the same way.
    rows = np.flatnonzero(folds == 1)
    first = rows[:ROWS_PER_BATCH]
    best = SelectKBest(chi2, k=20).fit(SCALED[first], CLASSES[first])
    sgd = SGDClassifier(random_state=42)
    for _ in range(5):
        for start in range(0, 400, ROWS_PER_BATCH):
            batch = rows[(rows >= start) & (rows < start + ROWS_PER_BATCH)]
            X = best.transform(SCALED[batch])
            sgd.partial_fit(X, CLASSES[batch], classes=np.arange(10))
    is_held_out = folds == 2
    assert fitted.cross_validation is not None
    expected = sgd.decision_function(best.transform(SCALED[is_held_out]))
    assert np.allclose(
        fitted.cross_validation.scores[is_held_out], expected, rtol=1e-3, atol=1e-3
    )


def test_all_images_of_a_batch_may_be_held_out() -> None:
    folds = np.where(np.arange(400) < 2 * ROWS_PER_BATCH, 1, 2)
    fitted = fit(build(tiny.SGD, passes=1), PIXELS, CLASSES, folds, n_passes=1)
    assert fitted.cross_validation is not None
    assert np.isfinite(fitted.cross_validation.scores).all()


def test_passes_need_partial_fit() -> None:
    with pytest.raises(UserError, match="needs a classifier with `partial_fit`"):
        build(MLP, passes=1, solver="lbfgs")


def test_the_entry_of_the_page_trains_a_model() -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [(name, model)] = yaml.safe_load(block).items()
    tiny.write_idx_files(Path("idx"))
    tiny.edit(Path(), {f"models.{name}": model})
    for stage, entry in [("fetch", "tiny"), ("split", "tiny-random"), ("binarize", "digit")]:
        call(Path(), stage, entry)
    call(Path(), "train", name)
    call(Path(), "evaluate", name)
    metrics = json.loads(Path(f"metrics/{name}.json").read_text(encoding="utf-8"))
    assert metrics["accuracy"] > 0.8


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
    changes = {"models.five-sgd.hyperparameters": {"passes": 1}, "models.five-sgd.folds": 0}
    tiny.edit(Path(), changes)
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
        assert peaks[stage, 1_500_000] - peaks[stage, 250_000] < 60, peaks
