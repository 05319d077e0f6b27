"""Models' files: read back as they were, the same bytes from every process, and none that runs code."""

import io
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from digits.learning import models, persistence, registry
from digits.support.errors import PipelineError
from tests import aftermath, bombs, tiny
from tests.core.unit.test_learning import CLASSIFIERS

import numpy as np
import pytest
import yaml
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import all_estimators

PIXELS, CLASSES = tiny.digits()
# What cannot be made from its name alone, or fitted on three classes of 150 images.
OTHERS = {"ClassifierChain", "FixedThresholdClassifier", "MultiOutputClassifier", "OneVsOneClassifier"}
OTHERS |= {"OneVsRestClassifier", "OutputCodeClassifier", "SelfTrainingClassifier", "StackingClassifier"}
OTHERS |= {"TunedThresholdClassifierCV", "VotingClassifier"}
SKLEARNS = [f"{kind.__module__.split('.')[1]}.{name}" for name, kind in all_estimators("classifier")]
ALL = sorted({*CLASSIFIERS, *(name for name in SKLEARNS if name.split(".")[1] not in OTHERS)})
FILES = """
import sys, pathlib
from digits.learning import models, persistence, registry, thresholds, training
from digits.support import parameters
import numpy as np
from sklearn.datasets import load_digits
bunch = load_digits()
pixels = np.kron(bunch.data.reshape(-1, 8, 8), np.ones((1, 2, 2))).reshape(-1, 256).astype(np.uint8)
params = parameters.load()
for name in sys.argv[2:]:
    block = params.block(parameters.Experiment, name)
    positive = params.block(parameters.Task, block.task).positive
    labels = (np.isin(bunch.target, positive) if positive else bunch.target).astype(np.uint8)
    model = training.train(registry.build(block, 42, 16), pixels, labels).model
    rule = 0.5 if thresholds.NAME in block.hyperparameters else None
    persistence.save(pathlib.Path(sys.argv[1], name), thresholds.apply(model, rule, labels, None))
"""
EXPERIMENTS = [*yaml.safe_load((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"))["experiments"]]


def same_scores(one: Pipeline, other: Pipeline) -> bool:
    """Tell whether two models agree on the images that they were fitted to, all that some can score."""
    images = PIXELS[:150]
    if hasattr(one, "decision_function") or hasattr(one, "predict_proba"):
        return np.array_equal(models.score(one, images), models.score(other, images), equal_nan=True)
    return np.array_equal(one.predict(images), other.predict(images))


@pytest.mark.filterwarnings("ignore")  # fits that do not converge
@pytest.mark.parametrize("name", aftermath.slow_except(CLASSIFIERS, ALL))
def test_a_model_of_any_classifier_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    model = tiny.pipeline(name).fit(PIXELS[:150], CLASSES[:150] % 3)
    persistence.save(tmp_path / "one", model)
    persistence.save(tmp_path / "two", persistence.load(tmp_path / "one"))
    assert same_scores(persistence.load(tmp_path / "two"), model)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("name", registry.feature_names())
def test_a_model_of_any_features_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    images = np.kron(PIXELS.reshape(-1, 8, 8), np.ones((1, 2, 2), np.uint8)).reshape(len(PIXELS), -1)
    for classifier in ("neighbors.KNeighborsClassifier", "linear_model.SGDClassifier"):  # which hold rows, or do not
        model = tiny.pipeline(classifier, name).fit(images, CLASSES)
        persistence.save(tmp_path / "model", model)
        assert np.array_equal(persistence.load(tmp_path / "model").predict(images), model.predict(images))


@pytest.mark.skipif(sys.platform != "linux", reason="needs sched_setaffinity")
@pytest.mark.skipif("small-digit-trees" not in EXPERIMENTS, reason="a started project has other experiments")
@pytest.mark.parametrize("names", aftermath.slow_except([["small-digit-trees"]], [["small-digit-trees"], EXPERIMENTS]))
def test_a_model_has_the_same_file_from_other_processes_and_on_one_core(tmp_path: Path, names: list[str]) -> None:
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        program = [sys.executable, "-W", "ignore", "-c", FILES, str(tmp_path / seed), *names]
        tiny.run(program, tiny.ROOT, one_core=seed == "1", PYTHONHASHSEED=seed)
    one, two = (tiny.files(tmp_path / seed) for seed in "12")
    assert sorted(one) == sorted(names)
    assert [name for name in names if one[name] != two[name]] == []


@pytest.fixture
def good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a sound model, in the current folder, where a bomb leaves the file `ran`."""
    monkeypatch.chdir(tmp_path)
    persistence.save(Path("five.skops"), tiny.pipeline(tiny.SGD).fit(PIXELS, CLASSES))
    return Path("five.skops")


def with_schema(content: bytes, change: Callable[[str], str]) -> bytes:
    """Return a model's file with another schema."""
    with ZipFile(io.BytesIO(content)) as old, ZipFile(out := io.BytesIO(), "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text.decode()) if name == "schema.json" else text)
    return out.getvalue()


WRONG: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a pickle": (lambda _: bombs.pickled(Path("ran")), "File is not a zip file"),
    "nothing": (lambda _: b"", "File is not a zip file"),
    "a half": (lambda file: file[: len(file) // 2], "File is not a zip file"),
    "a flipped bit": (lambda file: file[:300] + bytes([file[300] ^ 1]) + file[301:], "Bad CRC-32 for file"),
    "another type": (
        lambda _: bombs.skops(Path("ran")),
        r"Untrusted types found in the file: \['subprocess.Popen'\]",
    ),
    "our code that is gone": (
        lambda file: with_schema(file, lambda text: text.replace("FloatPixels", "FloatVoxels")),
        r"Untrusted types .*FloatVoxels",
    ),
    "another scikit-learn": (
        lambda file: with_schema(file, lambda text: text.replace('"content":"\\"1.', '"content":"\\"0.')),
        ".* from version 0.* when using version",
    ),
    "another skops": (
        lambda file: with_schema(file, lambda text: text.replace('"protocol":', '"protocol":9')),
        ".* You might need to update skops",
    ),
    "no pipeline": (
        lambda file: with_schema(file, lambda _: json.dumps({**json.loads(JSON), "protocol": 2})),
        "no Pipeline, but str",
    ),
}
JSON = '{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "\\"no\\""}'


@pytest.mark.fault
@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_model_of_ours_is_one_line_and_runs_nothing(good: Path, what: str) -> None:
    change, reason = WRONG[what]
    good.write_bytes(change(good.read_bytes()))
    with pytest.raises(PipelineError, match=rf"five.skops cannot be loaded \({reason}") as error:
        persistence.load(good)
    assert "`dvc repro --force train@five` fits it again" in str(error.value)
    assert len(str(error.value)) < 500
    assert not Path("ran").exists()


def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    step = FunctionTransformer(np.fft.fft)
    with pytest.raises(PipelineError, match=r"the model holds numpy.fft.*fft, which would not be loaded; name them in"):
        persistence.save(tmp_path / "one", Pipeline([("step", step)]))
    with pytest.raises(PipelineError, match="cannot be kept in a file"):
        persistence.save(tmp_path / "one", Pipeline([("step", FunctionTransformer(kw_args={"view": memoryview(b"")}))]))
    assert [*tmp_path.iterdir()] == []


HOSTILE = [("os", "system"), ("builtins", "eval"), ("builtins", "exec"), ("subprocess", "Popen"), ("sklearn", "os")]
HOSTILE += [("functools", "partial"), ("operator", "methodcaller"), ("sklearn.tree._tree", "Tree"), ("numpy", "load")]
LOADERS = [
    *["ConstructorFromReduceNode"] * 12,
    "FunctionNode",
    "TypeNode",
    "ObjectNode",
    "PartialNode",
    "OperatorFuncNode",
]
LOADERS += ["MethodNode", "ListNode", "TupleNode", "DictNode", "ReduceNode", "TreeNode", "LossNode", "RandomStateNode"]
COMMANDS = ["touch ran", "open('ran', 'w').close()"]


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return a model's file with a flipped bit, cut off, or with nodes of its schema turned into hostile ones."""
    place = draw.randrange(len(content))
    kind = draw.randrange(4)
    if kind == 0:
        return content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :]
    if kind == 1:
        return content[:place]

    def change(text: str) -> str:
        nodes: list[dict[str, Any]] = []

        def note(node: dict[str, Any]) -> dict[str, Any]:
            nodes.append(node)
            return node

        schema = json.loads(text, object_hook=note)
        command = {**json.loads(JSON), "content": json.dumps(draw.choice(COMMANDS))}
        arguments = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": [command]}
        for node in draw.sample([node for node in nodes if "__loader__" in node], draw.choice([1, 2])):
            node["__module__"], node["__class__"] = draw.choice(HOSTILE)
            if draw.random() < 0.7:
                node["__loader__"] = draw.choice(LOADERS)
            if draw.random() < 0.7:
                node["content"] = node["attrs"] = arguments
                node["__reduce__"] = {"args": arguments}
        schema["protocol"] = draw.choice([0, 1, 2])
        return json.dumps(schema)

    return with_schema(content, change)


@pytest.mark.fault
@pytest.mark.parametrize("count", aftermath.slow_except([300], [300, 1000]))
def test_no_mutation_of_a_model_runs_anything(good: Path, count: int) -> None:
    content, draw, loaded = good.read_bytes(), random.Random(0), 0
    for _ in range(count):
        good.write_bytes(mutated(content, draw))
        try:
            loaded += isinstance(persistence.load(good), Pipeline)
        except PipelineError as error:
            assert "\n" not in str(error)  # noqa: PT017
        assert not Path("ran").exists()
    assert loaded < count / 4


def test_skops_is_as_it_was_for_others() -> None:
    program = "from digits.learning import persistence; persistence._skops(); import skops.io; "
    program += "from skops.io import _trusted_types; print('sklearn.svm._classes.SVC' in "
    program += "_trusted_types.SKLEARN_ESTIMATOR_TYPE_NAMES)"
    assert tiny.run([sys.executable, "-c", program], tiny.ROOT).stdout == "True\n"
