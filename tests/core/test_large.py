"""Tables whose pixels exceed the memory, and models that are fitted on them in passes."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier

from digits.core import tables
from digits.core.tables import Pixels
from digits.data.sources import deformed
from digits.learning.fitting import fit_all
from digits.learning.pipelines import build_pipeline
from digits.learning.scores import compute_scores, response_method
from digits.learning.training_set import TrainingSet
from digits.settings import params
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams, ModelParams
from docs.tools.shapes import write_pictures
from image_layouts.layout.place import Place
from image_layouts.pipeline import source as files
from tests.helpers import tiny
from tests.helpers.calls import call
from tests.helpers.processes import full_disk

PIXELS, CLASSES = tiny.digits()
SCALED = PIXELS.astype(np.float32) / tiny.PIXEL_MAX
N_FIRST = 300  # of 400 images, this many are copied
N_OTHERS = 100
MLP = "neural_network.MLPClassifier"
ROWS_PER_BATCH = 150
PAGE = tiny.ROOT / "docs/scaling.md"

# The stages, and an entry of params.yaml for each.
STAGES = {
    "fetch": "large",
    "split": "tiny",
    "binarize": "five",
    "train": "five-sgd",
    "evaluate": "five-sgd",
}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("digits.learning.fitting.BATCH_BYTES", ROWS_PER_BATCH * 64)
    monkeypatch.setattr(tables, "READ_BYTES", 40 * 64)
    monkeypatch.setattr(tables, "ROW_GROUP_BYTES", 150 * 64)
    monkeypatch.chdir(tmp_path)


def test_rows_in_any_order_are_written_in_several_row_groups() -> None:
    images = pd.DataFrame({"class": CLASSES, "label": CLASSES})
    images.attrs = {"names": ["é", "b"]}
    shuffled = images.sample(frac=0.9, random_state=0)
    path = Path("data/table")
    tables.write_images(path, PIXELS, shuffled)
    assert pq.read_metadata(path).num_row_groups == 3

    read_by_pandas = pd.read_parquet(path)
    assert np.array_equal(tiny.pixels_of(read_by_pandas), PIXELS[shuffled.index])
    assert read_by_pandas.attrs == images.attrs
    X, found = tables.read_images(path)
    assert np.array_equal(X, PIXELS[shuffled.index])
    assert found.equals(shuffled.reset_index(drop=True))
    assert found.attrs == images.attrs


def test_a_table_has_more_rows_than_a_small_number_counts() -> None:
    X = (np.arange(70_000) % 251).astype(np.uint8)[:, np.newaxis]
    images = pd.DataFrame({"row": np.arange(len(X))})
    tables.write_images(Path("data/table"), X, images)
    assert np.array_equal(tables.read_images(Path("data/table"))[0], X)


def test_a_full_disk_is_not_called_a_damaged_file() -> None:
    tables.write_images(Path("data/table"), PIXELS, pd.DataFrame({"class": CLASSES}))
    expected = re.escape(f"a temporary file in {Path.cwd()} cannot be written: [Errno 27] File")
    with full_disk(), pytest.raises(UserError, match=f"^{expected}"):
        tables.read_images(Path("data/table"))
    shuffled = pd.DataFrame({"class": CLASSES}).sample(frac=1, random_state=0)
    with full_disk(), pytest.raises(UserError, match=f"^{expected}"):
        tables.write_images(Path("data/table"), PIXELS, shuffled)


def write_table(images: pd.DataFrame, name: str) -> None:
    """Write a table in the format that its name says."""
    match Path(name).suffix:
        case ".csv":
            images.to_csv(name, index=False)
        case ".parquet":
            images.to_parquet(name)
        case ".feather":
            images.to_feather(name)


@pytest.mark.parametrize("name", ["images.csv", "images.parquet", "images.feather"])
def test_a_table_of_pixels_is_read_in_blocks(name: str) -> None:
    images = pd.DataFrame(PIXELS, columns=[f"p{number}" for number in range(64)])
    images.insert(3, "label", [f"digit {number}" for number in CLASSES])
    write_table(images, name)
    layout = {"table": name, "pixels": "p0 to p63", "class": "label"}
    entry = tiny.dataset({"files": name}) | {"layout": layout}
    X, found = files.read(name, DatasetParams.model_validate(entry))
    assert np.array_equal(X, PIXELS)
    assert found["class"].tolist() == CLASSES.tolist()
    assert found.attrs["names"] == [f"digit {number}" for number in range(10)]


# The set of each of 400 rows, which are read in blocks of 40. No row of the first two is used.
SETS = ["extra"] * 90 + [["train", "test", "extra"][number % 3] for number in range(310)]
ROWS_OF_SETS = [
    row for name in ("train", "test") for row in range(len(SETS)) if SETS[row] == name
]


def write_sets(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the layout of a table whose column `set` says which rows are used."""
    sets = {name: {"where": {"set": name}} for name in ("train", "test")}
    return columns | {"class": "label", "unused": {"where": {"set": "extra"}}} | sets


@pytest.mark.parametrize("name", ["images.csv", "images.parquet", "images.feather"])
def test_the_pixels_of_chosen_rows_are_read_in_blocks(name: str) -> None:
    images = pd.DataFrame(PIXELS, columns=[f"p{number}" for number in range(64)])
    images = images.assign(label=CLASSES, set=SETS)
    write_table(images, name)
    layout = write_sets({"table": name, "pixels": "p0 to p63"})
    found = files.open_place(Place(Path(name)), layout)
    assert found.blocks is not None
    assert found.rows["class"].tolist() == CLASSES[ROWS_OF_SETS].astype(str).tolist()
    assert np.array_equal(np.concatenate(list(found.blocks())), PIXELS[ROWS_OF_SETS])


def test_the_pictures_of_chosen_rows_are_read_in_batches() -> None:
    sets = np.resize(SETS, 2_400)  # a thousand rows are read at a time
    contents = [str(number).encode() for number in range(len(sets))]
    images = pd.DataFrame({"image": contents, "label": np.resize(CLASSES, 2_400), "set": sets})
    images.to_parquet("images.parquet")
    layout = write_sets({"table": "images.parquet", "picture": "image"})
    found = files.open_place(Place(Path("images.parquet")), layout)
    assert found.pictures is not None
    rows = [row for name in ("train", "test") for row in np.flatnonzero(sets == name)]
    assert list(found.pictures()) == [contents[row] for row in rows]


def test_a_set_may_begin_behind_the_rows_that_are_read_at_a_time() -> None:
    texts = [" ".join(map(str, pixels)) for pixels in np.resize(PIXELS, (1_100, 64))]
    sets = ["train"] * 1_050 + ["test"] * 50  # a thousand rows are read at a time
    table = pd.DataFrame({"pixels": texts, "label": np.resize(CLASSES, 1_100), "set": sets})
    table.to_csv("faces.csv", index=False)
    parts = {name: {"where": {"set": name}} for name in ("train", "test")}
    layout = {"table": "faces.csv", "pixels": "pixels", "class": "label"} | parts
    found = files.open_place(Place(Path("faces.csv")), layout)
    assert found.shape == [8, 8]
    assert found.rows["test"].sum() == 50


def test_a_column_that_is_left_out_takes_no_memory() -> None:
    images = pd.DataFrame(PIXELS, columns=[f"p{number}" for number in range(64)])
    images["label"] = CLASSES
    images["note"] = "a long text " * 5_000  # 2.4 MB in each block of 40 rows
    images.to_parquet("images.parquet")
    layout = {"table": "images.parquet", "pixels": "p0 to p63", "class": "label"}
    collection = files.open_place(Place(Path("images.parquet")), layout)
    assert collection.blocks is not None
    before = pa.total_allocated_bytes()
    for _ in collection.blocks():
        assert pa.total_allocated_bytes() - before < 1_000_000


def enlarge(n_images: int) -> tuple[Pixels, pd.DataFrame]:
    """Return the tiny dataset with deformed copies of its first images."""
    tiny.edit(Path(), {})
    if not Path("idx").exists():
        tiny.write_idx_files(Path("idx"))
    dataset = DatasetParams.model_validate(tiny.dataset({"idx": "idx"}))
    return deformed.read(f"tiny {N_FIRST} {n_images}", dataset)


def test_copies_of_the_first_images_come_between_them_and_the_others() -> None:
    n_copied = 14 * N_FIRST
    X, images = enlarge(n_copied + N_OTHERS)
    assert np.array_equal(X[:N_FIRST], PIXELS[:N_FIRST])
    assert np.array_equal(X[n_copied:], PIXELS[N_FIRST:])
    assert len(np.unique(X[:n_copied], axis=0)) == n_copied
    classes = [*np.tile(CLASSES[:N_FIRST], 14), *CLASSES[N_FIRST:]]
    assert images["class"].tolist() == classes
    groups = [*np.tile(np.arange(N_FIRST), 14), *range(N_FIRST, 400)]
    assert images["group"].tolist() == groups

    smaller, _ = enlarge(1_234)
    n_copied_of_smaller = 1_234 - N_OTHERS
    assert np.array_equal(smaller[:n_copied_of_smaller], X[:n_copied_of_smaller])


def test_copies_are_in_the_group_of_their_image() -> None:
    small = {"sources": [{"sklearn": "digits"}], "shape": [8, 8], "pixel_max": tiny.PIXEL_MAX}
    tiny.edit(Path(), {"datasets.small": small})
    call(Path(), "pin", "small")
    dataset = DatasetParams.model_validate(tiny.dataset({"idx": "idx"}))
    _, images = deformed.read("small 300 2000", dataset)
    groups = images["group"].to_numpy()
    assert (groups[300:503] == groups[:203]).all()
    assert groups.max() == 13  # the last form of digits


def test_copies_have_the_names_of_the_classes() -> None:
    write_pictures(Path("own"), count=40)
    own = {"sources": [{"files": "own"}], "layout": "{class}/*", "shape": [8, 8]}
    more = {"sources": [{"deformed": "own 40 60"}], "shape": [8, 8]}
    tiny.edit(Path(), {"datasets.own": own, "datasets.more": more})
    call(Path(), "pin", "own")
    call(Path(), "pin", "more")
    datasets = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["datasets"]
    assert datasets["more"]["names"] == ["circle", "cross", "line"]


def test_copies_have_the_names_of_the_groups_and_the_test_set() -> None:
    for subset in ["train", "test"]:
        for writer in ["anna", "bob"]:
            write_pictures(Path("own", subset, f"{subset}-{writer}"), count=20)
    own = {
        "sources": [{"files": "own"}],
        "layout": {"train": "train/{group}/{class}/*", "test": "test/{group}/{class}/*"},
        "shape": [8, 8],
    }
    tiny.edit(Path(), {"datasets.own": own})
    call(Path(), "pin", "own")
    dataset = DatasetParams.model_validate(tiny.dataset({"idx": "idx"}) | {"pixel_max": 255})
    _, images = deformed.read("own 40 120", dataset)
    names = ["train-anna", "train-bob", "test-anna", "test-bob"]
    assert sorted(images.attrs["group_names"]) == sorted(names)
    is_of_test = [
        images.attrs["group_names"][group].startswith("test") for group in images["group"]
    ]
    assert images["test"].tolist() == is_of_test


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("tiny 300", "is not a dataset and two numbers"),
        ("tiny 300 399", "tiny has 400 images; write 1 to 400 for the first number"),
        ("tiny 401 999", "at least 400 for the second"),
        ("tiny 0 999", "tiny has 400 images"),
        ("large 3 9", "large is itself made from a dataset; name that one"),
        ("nosuch 300 999", "there is no 'nosuch'"),
    ],
)
def test_a_mistake_in_the_place_is_an_error(place: str, message: str) -> None:
    tiny.write_idx_files(Path("idx"))
    tiny.edit(Path(), {"datasets.large": tiny.dataset({"deformed": "tiny 300 999"})})
    dataset = DatasetParams.model_validate(tiny.dataset({"idx": "idx"}))
    with pytest.raises(UserError, match=message):
        deformed.read(place, dataset)


def build(classifier: str, features: str = "scaled", **hyperparameters: Any) -> Any:
    """Return an unfitted pipeline."""
    entry = tiny.model("digit", features, classifier, 0, **hyperparameters)
    return build_pipeline(ModelParams.model_validate(entry), 42, tiny.PIXEL_MAX, tiny.SHAPE)


@pytest.mark.parametrize(("name", "kind"), [(tiny.SGD, SGDClassifier), (MLP, MLPClassifier)])
def test_a_model_is_fitted_with_partial_fit_in_each_pass(name: str, kind: Any) -> None:
    fitted = fit_all(
        build(name, passes=3), TrainingSet(PIXELS, pd.DataFrame({"label": CLASSES})), None, 3
    )
    expected = kind(random_state=42)
    for _ in range(3):
        for start in range(0, 400, ROWS_PER_BATCH):
            batch = slice(start, start + ROWS_PER_BATCH)
            expected.partial_fit(SCALED[batch], CLASSES[batch], classes=np.arange(10))
    expected_scores = getattr(expected, response_method(fitted.model))(SCALED)
    assert np.allclose(compute_scores(fitted.model, PIXELS), expected_scores)


def test_no_model_is_fitted_on_held_out_rows() -> None:
    test_fold = 1 + np.arange(400) % 2
    pipeline = build(tiny.SGD, features="scaled 50", passes=5)
    fitted = fit_all(
        pipeline, TrainingSet(PIXELS, pd.DataFrame({"label": CLASSES})), test_fold, 5
    )

    # Fit the model of the second fold in the same way.
    rows = np.flatnonzero(test_fold == 1)
    pca = PCA(50, svd_solver="covariance_eigh").fit(SCALED[rows[:ROWS_PER_BATCH]])
    sgd = SGDClassifier(random_state=42)
    for _ in range(5):
        for start in range(0, 400, ROWS_PER_BATCH):
            batch = rows[(rows >= start) & (rows < start + ROWS_PER_BATCH)]
            X = pca.transform(SCALED[batch])
            sgd.partial_fit(X, CLASSES[batch], classes=np.arange(10))
    is_held_out = test_fold == 2
    assert fitted.cv_scores is not None
    expected = sgd.decision_function(pca.transform(SCALED[is_held_out]))
    assert np.allclose(fitted.cv_scores[is_held_out], expected, rtol=1e-3, atol=1e-3)


def test_all_images_of_a_batch_may_be_held_out() -> None:
    test_fold = np.where(np.arange(400) < 2 * ROWS_PER_BATCH, 1, 2)
    fitted = fit_all(
        build(tiny.SGD, passes=1),
        TrainingSet(PIXELS, pd.DataFrame({"label": CLASSES})),
        test_fold,
        1,
    )
    assert fitted.cv_scores is not None
    assert np.isfinite(fitted.cv_scores).all()


def test_passes_need_partial_fit() -> None:
    with pytest.raises(UserError, match="needs a classifier with `partial_fit`"):
        build(MLP, passes=1, solver="lbfgs")


@pytest.mark.slow
def test_the_entries_of_the_page_train_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "READ_BYTES", 200 * 784)
    monkeypatch.setattr(tables, "ROW_GROUP_BYTES", 400 * 784)
    monkeypatch.setattr("digits.learning.fitting.BATCH_BYTES", ROWS_PER_BATCH * 784)
    page = PAGE.read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(datasets:.*?)```", page, re.DOTALL)
    assert "mnist 60000 700000" in block
    block = block.replace("mnist 60000 700000", "mnist 300 600").replace("10000", "100")

    # MNIST's place is taken by the tiny dataset, with a margin of zeros.
    padded = np.pad(PIXELS.reshape(-1, 8, 8), ((0, 0), (10, 10), (10, 10)))
    csv = pd.DataFrame(15 * padded.reshape(400, -1)).assign(label=CLASSES)
    csv.to_csv("mnist.csv", index=False)
    layout = {"table": "mnist.csv", "pixels": "0 to 783", "class": "label"}
    mnist = {"sources": [{"files": "mnist.csv"}], "shape": [28, 28], "layout": layout}
    content = tiny.params({"datasets.mnist": mnist})
    for section, entries in yaml.safe_load(block).items():
        content[section] |= entries
    params.FILE.write_text(yaml.safe_dump(content), encoding="utf-8")

    call(Path(), "pin", "mnist")
    call(Path(), "pin", "mnist-large")
    settings = params.load()
    call(Path(), "fetch", "mnist-large")
    call(Path(), "split", "mnist-large")
    call(Path(), "binarize", "large-digit")
    large_models = [name for name in settings.models if name.startswith("large-")]
    for name in large_models:
        call(Path(), "train", name)
        call(Path(), "evaluate", name)
        assert Path("metrics", f"{name}.json").exists()
    assert len(large_models) == 2


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
from digits.core import tables
tables.ROW_GROUP_BYTES = 4 * 2**20
runpy.run_module(f"stages.{sys.argv.pop(1)}", run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no RssAnon")
def test_more_rows_take_no_more_memory() -> None:
    tiny.write_idx_files(Path("idx"))
    peaks = {}
    for n_images in [250_000, 1_500_000]:
        large = {"shape": [8, 8], "sources": [{"deformed": f"tiny 300 {n_images}"}]}
        changes = {
            "datasets.large": large | {"pixel_max": tiny.PIXEL_MAX},
            "splits.tiny.dataset": "large",
            "models.five-sgd.hyperparameters": {"passes": 1},
            "models.five-sgd.folds": 0,
        }
        tiny.edit(Path(), changes)
        tiny.run("digits pin large", Path())
        for stage, name in STAGES.items():
            command = [sys.executable, "-c", RUN_STAGE, stage, name]
            peaks[stage, n_images] = peak_memory(command)
    # `split` needs most: 5 bytes per image for the columns, 9 for the selected columns, 8 for
    # their index, and 4 for each of five arrays of rows. These are 50 MiB for 1,250,000 images.
    # Their pixels would take 76 MiB more.
    for stage in STAGES:
        assert peaks[stage, 1_500_000] - peaks[stage, 250_000] < 60, peaks
