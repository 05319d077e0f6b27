"""An ONNX file in a project: used by the stages and by predict, which notice another one."""

import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.preprocessing import normalize

import onnx_files
from digits.core import paths, tables
from digits.imaging.pictures import read_resized
from digits.learning import model_file
from onnx_files import node
from picture_networks import feature_cache
from picture_networks.feature_cache import FeatureCache
from picture_networks.schema import NetworkFile
from picture_networks.weights import onnx_file
from test_network_features import write_photos
from tests.helpers import tiny
from tests.helpers.calls import VALID, call, failure, reproduce
from tests.helpers.imports import list_imported_names

FILE = "data/network.onnx"
KEYS: dict[str, Any] = {"file": FILE, "size": 32}

# The mean of each colour, and the mean of its squares.
NETWORK = onnx_files.model(
    [node("Mul", "x x", "squares"), node("Concat", "x squares", "y", axis=1)],
    ["n", 3, "height", "width"],
)
OTHER = NETWORK.replace(b"Mul", b"Add")  # another network, which gives other features

ENTRY: dict[str, Any] = {
    "sources": [{"files": "data/own"}],
    "shape": [16, 16, 3],
    "network": KEYS,
}
CHANGES: dict[str, Any] = {
    "datasets.tiny": ENTRY,
    "splits": {"tiny": {"dataset": "tiny", "test": 8}},
    "tasks": {"class": {"split": "tiny"}},
    "models": {"svc": tiny.model("class", "network", "svm.SVC", 2)},
}
STAGES = ["fetch@tiny", "split@tiny", "binarize@class", "train@svc", "evaluate@svc"]
MISSING = f"network: {FILE}: it was not found; put it there, or fetch what was shared by `dvc pull {FILE}`"
PREDICT = ["predict", "--model", "svc", "data/own/temple/0.jpg"]


@pytest.fixture(scope="module")
def trained(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a network whose features are trained on. Do not change it."""
    project = tiny.copy(made, tmp_path_factory.mktemp("onnx") / "tiny")
    tiny.edit(project, CHANGES)
    write_photos(project / "data/own")
    (project / FILE).write_bytes(NETWORK)
    for path in ["data/own", FILE]:
        tiny.add_dependency(project, path)
    tiny.run_dvc(f"add data/own {FILE}", project)
    reproduce(project, *STAGES)
    return project


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of `trained` that a test may change."""
    return tiny.copy(trained, tmp_path / "tiny")


def test_the_stages_store_the_features_of_the_network(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    network = onnx_file.load(NetworkFile(**KEYS))
    stored = read_features(trained)
    for file, features in stored.items():
        picture = read_resized(Path("data/own") / file, [32, 32, 3])
        assert features == bytes(network.describe(picture))
    assert len(set(stored.values())) == len(stored)


@pytest.mark.variant
def test_another_file_is_not_used_until_the_images_are_fetched_again(project: Path) -> None:
    assert tiny.repro(project, "evaluate@svc") == []
    (project / FILE).write_bytes(OTHER)
    line = f"network: {FILE} is not the one that the images were read with; run `dvc repro`"
    assert failure(project, *PREDICT) == f"Error: {line}"
    before = read_features(project)
    assert tiny.repro(project, "fetch@tiny") == ["fetch@tiny"]
    after = read_features(project)
    assert list(after.values()) != list(before.values())
    assert after.keys() == before.keys()


def test_a_file_that_was_not_pulled_is_missed_only_where_it_is_needed(project: Path) -> None:
    (project / FILE).unlink()
    assert call(project, "check").stdout == VALID
    for words in [["fetch", "tiny"], PREDICT]:
        assert failure(project, *words) == f"Error: {MISSING}"
    (project / f"{FILE}.dvc").unlink()
    assert failure(project, "check") == f"Error: params.yaml: datasets.tiny: {MISSING}"


@pytest.mark.variant
def test_a_file_in_a_folder_that_was_not_pulled_is_left_for_later(project: Path) -> None:
    folder = project / "data/networks"
    folder.mkdir()
    (folder / "a.onnx").write_bytes(NETWORK)
    tiny.add_dependency(project, "data/networks")
    fetch(project, network=KEYS | {"file": "data/networks/a.onnx"})
    tiny.run_dvc("add data/networks", project)
    shutil.rmtree(folder)
    assert call(project, "check").stdout == VALID


def test_a_file_that_cannot_be_used_changes_nothing(project: Path) -> None:
    (project / FILE).write_bytes(NETWORK[:100])
    before = tiny.files(project)
    assert "ONNX Runtime cannot load it" in failure(project, "fetch", "tiny")
    assert tiny.files(project) == before


def read_features(project: Path) -> dict[str, bytes]:
    """Return the features of each picture, by its path."""
    images = tables.read(project / paths.raw("tiny"), ["file", "network"])
    return dict(zip(images["file"], images["network"], strict=True))


def list_cache(project: Path) -> set[Path]:
    """Return the files in which features were saved."""
    return {path for path in (project / ".dvc/cache/networks").rglob("*") if path.is_file()}


def fetch(project: Path, **keys: Any) -> dict[str, bytes]:
    """Change the entry of the dataset, fetch it, and return its features."""
    tiny.edit(project, CHANGES | {"datasets.tiny": ENTRY | keys})
    call(project, "fetch", "tiny")
    return read_features(project)


@pytest.mark.variant
def test_no_picture_is_described_twice(project: Path) -> None:
    """Whether pictures are added, or the shape changes, or all is fetched anew."""
    before = read_features(project)
    cache = list_cache(project)
    assert len(cache) == len(set(before.values()))
    # Other features, with their checksum, show where saved ones are used.
    for path in cache:
        features = bytes(255 - value for value in path.read_bytes()[:-32])
        path.write_bytes(features + sha256(features).digest())
    added = project / "data/own/temple/new.jpg"
    Image.new("RGB", (40, 40), "orange").save(added)
    after = fetch(project)
    for file, features in before.items():
        assert after[file] == bytes(255 - value for value in features)
    assert after["temple/new.jpg"] not in before.values()
    assert len(list_cache(project) - cache) == 1
    assert fetch(project, shape=[8, 8]) == after
    assert len(list_cache(project) - cache) == 1


@pytest.mark.variant
def test_saved_features_are_those_of_one_picture_and_one_network(project: Path) -> None:
    before = read_features(project)
    cache = list_cache(project)
    first, second = sorted(before)[:2]
    (project / "data/own" / first).write_bytes((project / "data/own" / second).read_bytes())
    after = fetch(project)
    assert after == before | {first: before[second]}
    assert list_cache(project) == cache
    others = fetch(project, network=KEYS | {"std": [1, 1, 1]})
    assert others.keys() == after.keys()
    assert not set(others.values()) & set(after.values())
    larger = fetch(project, network=KEYS | {"size": 40})
    assert set(larger.values()) != set(after.values())


@pytest.mark.parametrize("damage", ["changed", "cut"])
def test_damaged_features_are_computed_again(project: Path, damage: str) -> None:
    before = read_features(project)
    for path in list_cache(project):
        content = path.read_bytes()
        if damage == "changed":
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        else:
            path.write_bytes(content[:-1])
    call(project, "fetch", "tiny")
    assert read_features(project) == before


def test_another_version_of_a_package_computes_features_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = FeatureCache(tmp_path)
    saved.save(b"picture", "network", b"features")
    assert saved.load(b"picture", "network") == b"features"
    metadata = tmp_path / "site/pillow-1.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: pillow\nVersion: 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")
    feature_cache.compute_code_checksum.cache_clear()
    assert saved.load(b"picture", "network") is None
    feature_cache.compute_code_checksum.cache_clear()


def test_an_edit_of_any_module_of_the_networks_computes_features_anew() -> None:
    start = str(Path(feature_cache.__file__).parent)
    paths = {str(getattr(module, "__file__", "")) for module in sys.modules.values()}
    paths = {path for path in paths if path.startswith(start)}
    assert onnx_file.__file__ in paths
    assert paths <= set(map(str, feature_cache.CODE))


def test_an_edit_of_any_module_that_reads_pictures_computes_features_anew() -> None:
    names = {name for path in feature_cache.CODE for name in list_imported_names(path)}
    places = [Path(*name.split(".")) for name in names if name.startswith("digits.imaging.")]
    modules = {place.with_suffix(".py") for place in places}
    modules |= {place.parent.with_suffix(".py") for place in places}  # of a name in a module
    used = {path for module in modules if (path := tiny.ROOT / module).exists()}
    assert used
    assert used <= set(feature_cache.CODE)


def test_a_cache_that_cannot_be_written_is_not_needed(project: Path) -> None:
    before = read_features(project)
    shutil.rmtree(project / ".dvc/cache/networks")
    (project / ".dvc/cache/networks").touch()
    call(project, "fetch", "tiny")
    assert read_features(project) == before


@pytest.mark.variant
def test_the_features_of_several_networks_follow_each_other(project: Path) -> None:
    single = read_features(project)
    other = "data/other.onnx"
    (project / other).write_bytes(OTHER)
    networks = [KEYS, KEYS | {"file": other}]
    tiny.edit(project, CHANGES | {"datasets.tiny": ENTRY | {"network": networks}})
    assert f"does not depend on {other}; add it to `deps`" in failure(project, "fetch", "tiny")
    tiny.add_dependency(project, other)
    both = fetch(project, network=networks)
    assert {file: features[:12] for file, features in both.items()} == single
    assert all(len(features) == 24 for features in both.values())
    reproduce(project, *STAGES[1:])
    X = np.array([list(features) for features in both.values()])
    scaled = model_file.load(project / paths.model("svc"))[:-1].transform(X)
    expected = np.hstack([normalize(X[:, :12]), normalize(X[:, 12:])])
    np.testing.assert_allclose(scaled, expected)
    text = call(project, "predict", "data/own/temple/1.jpg").stdout
    assert "predicted temple" in text
    assert call(project, "check").stdout == VALID
    (project / other).write_bytes(NETWORK)
    assert f"{FILE}, {other} is not the one" in failure(project, *PREDICT)


@pytest.mark.variant
def test_a_model_of_other_networks_is_refused(project: Path) -> None:
    (project / FILE).write_bytes(OTHER)
    fetch(project, network=[KEYS, KEYS])
    assert failure(project, *PREDICT) == (
        "Error: svc takes 12 values per image, but the shape or the network of its dataset "
        "gives 24 now; run `dvc repro evaluate@svc`"
    )
