"""docs/tutorials.md and its notebooks: all commands, errors and cells are as printed."""

import io
import json
import pickle
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal
from urllib.error import HTTPError

from bench.notebooks import NOTEBOOKS
from digits.commands.check import check
from digits.core import params
from digits.core.params import Params
from digits.data.sources import idx
from tests.core.test_fetch import (
    Handler,
    answer_as_openml,
    in_place_of_openml,
    serve_files,
    serving,
)
from tests.helpers import tiny
from tests.helpers.calls import call

import numpy as np
import pandas as pd
import pytest
import sklearn
import yaml
from dvc.utils.hydra import apply_overrides
from PIL import Image
from sklearn.datasets import fetch_openml
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier

PAGE = (tiny.ROOT / "docs/tutorials.md").read_text(encoding="utf-8")

# The rows of the tables of errors and warnings: the code, the message and the solution.
ROWS = re.findall(
    r"^\| `(.+?)` \| `(\S+(?:Error|Warning): .+?)` \| (.+) \|$", PAGE, re.MULTILINE
)
FETCH_ROWS = [row for row in ROWS if row[0].startswith("fetch_openml(")]
ERRORS = [row[:2] for row in ROWS if row not in FETCH_ROWS]
# The solutions that are code, and nothing else.
SOLUTIONS = [row[2].strip("`") for row in ROWS if re.fullmatch("`[^`]+`", row[2])]

# The blocks of Python code.
READ_TABLE, CONVERT_PICTURE = re.findall(
    r"^```python\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL
)


def read_cells(name: str) -> list[dict[str, Any]]:
    """Return the cells of a notebook."""
    return json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))["cells"]


def list_commands() -> list[str]:
    """Return the commands in the page and in the texts of the notebooks."""
    texts = [PAGE]
    for name in NOTEBOOKS:
        texts.extend(
            "".join(cell["source"])
            for cell in read_cells(name)
            if cell["cell_type"] == "markdown"
        )
    commands = set()
    for text in texts:
        commands |= set(re.findall(r"(?:^\$ |`)((?:digits|dvc) [^`\n]+)", text, re.MULTILINE))
    return sorted(commands)


COMMANDS = list_commands()


def read_params(path: Path) -> Params:
    """Read a params.yaml in any folder."""
    return params.validate(Params, params.read_yaml(path.read_text(encoding="utf-8")))


PARAMS = read_params(tiny.ROOT / "params.yaml")


def adapt(command: str) -> str:
    """Return a command for the data and the models of the tiny project."""
    # Longer names first, because they may contain shorter ones.
    for name in sorted(PARAMS.models, key=len, reverse=True):
        is_binary = PARAMS.task(PARAMS.model(name).task).positive is not None
        placeholder = "<binary>" if is_binary else "<digits>"
        command = re.sub(rf"(?<![\w-]){name}(?![\w-])", placeholder, command)
    command = command.replace("<digits>", "digit-logreg").replace("<binary>", "five-sgd")

    names = sorted([*PARAMS.splits, *PARAMS.datasets], key=len, reverse=True)
    options = re.compile(rf"(digits show |fetch@)(?:{'|'.join(names)})\b")
    command = options.sub(r"\1tiny", command)
    # Numbers of images have at most three digits there.
    command = re.sub(r"\b\d{3}(\d\d)\b", r"\1", command)
    # The tiny detector of fives makes no mistakes.
    return command.replace("--mistakes five-sgd", "--mistakes digit-logreg")


@pytest.mark.slow
def test_every_command_runs(project: Path) -> None:
    pixels, _ = tiny.digits()
    five = 255 - 15 * pixels[5].reshape(tiny.SHAPE)
    Image.fromarray(five).resize((200, 200)).save(project / "photo.jpg")
    commands = {adapt(command) for command in COMMANDS}
    for command in sorted(commands):
        has_own_test = re.match("dvc exp run|digits pin", command)
        if not has_own_test:
            assert tiny.run(command, project).stdout


OVERRIDES = [command for command in COMMANDS if " -S " in command]


@pytest.mark.parametrize("command", OVERRIDES)
def test_every_dvc_exp_run_makes_a_valid_change(tmp_path: Path, command: str) -> None:
    *_, override, target = shlex.split(command)
    path = Path(shutil.copy(tiny.ROOT / "params.yaml", tmp_path))
    apply_overrides(path, [override])  # as DVC does; an unknown key is an error
    changed = read_params(path)
    check(changed)
    assert changed != PARAMS
    assert target.removeprefix("evaluate@") in changed.models


def draw_in_mnist_shape(n_images: int) -> pd.DataFrame:
    """Return images of the tiny dataset with MNIST's 28 × 28 pixels, from 0 to 255."""
    pixels, _ = tiny.digits()
    images = 15 * pixels[:n_images].reshape(-1, *tiny.SHAPE)
    padded = np.pad(images, [(0, 0), (10, 10), (10, 10)])
    x = pd.DataFrame(padded.reshape(n_images, -1))
    x.columns = [f"pixel{number}" for number in range(1, 785)]
    return x


@cache
def make_variables() -> dict[str, Any]:
    """Return the variables that the page names above its tables of errors."""
    x = draw_in_mnist_shape(50)
    x_train = x.copy()
    labels = pd.Series(tiny.digits()[1][: len(x)].astype(str))
    # Few pixels do not separate the classes, as it is with all images of MNIST.
    best_pixels = x_train.var().nlargest(6).index
    x_train.loc[:, ~x_train.columns.isin(best_pixels)] = 0
    with warnings.catch_warnings(action="ignore"):
        classifier = SGDClassifier().fit(x, labels)
    version = sklearn.__version__.encode()
    other_version = b"0" + version[1:]
    model_file = io.BytesIO(pickle.dumps(classifier).replace(version, other_version))
    idx_file = io.BytesIO(tiny.idx_bytes(x.to_numpy().reshape(-1, 28, 28)))
    return {
        "x": x,
        "y": labels,
        "x_train": x_train,
        "y_train": labels,
        "classifier": classifier,
        "photo": np.zeros((1, 36)),
        "shuffled": np.array([1, 0]),
        "model_file": model_file,
        "idx_file": idx_file,
        "np": np,
        "pickle": pickle,
        "LogisticRegression": LogisticRegression,
        "SGDClassifier": SGDClassifier,
    }


def execute(code: str, **variables: Any) -> Any:
    """Run code of the page, and return the value of the last expression, if it is one."""
    namespace = make_variables() | variables
    try:
        return eval(code, namespace)
    except SyntaxError:
        exec(code, namespace)  # code that is a statement, or an error of syntax
        return None


def check_message(raised: pytest.ExceptionInfo[BaseException], message: str) -> None:
    """Check that an exception has the type and the text of a message on the page.

    The page may leave out parts of the text.
    """
    error_type, _, text = message.partition(": ")
    assert raised.type.__name__ == error_type.rpartition(".")[2]
    pattern = ".*".join(re.escape(part) for part in text.split("…"))
    assert re.search(pattern, str(raised.value), re.DOTALL), raised.value


@pytest.mark.parametrize(("code", "message"), ERRORS)
def test_every_error_and_warning_is_as_printed(code: str, message: str) -> None:
    is_warning = message.partition(": ")[0].endswith("Warning")
    action: Literal["error", "ignore"] = "error" if is_warning else "ignore"
    code = code.replace("[36001])", "[1])")  # there are fewer images
    with warnings.catch_warnings(action=action), pytest.raises(Exception) as raised:  # noqa: PT011
        execute(code)
    check_message(raised, message)


@pytest.mark.filterwarnings("ignore:Maximum number of iteration reached")  # of SGD
@pytest.mark.parametrize("code", sorted(set(SOLUTIONS)))
def test_every_solution_that_is_code_works(code: str) -> None:
    execute(code.replace("36001", "1"))


def answer_with(status: int) -> Callable[[Handler], None]:
    """Return a function that answers all requests with a status."""
    return lambda request: request.answer(status=status)


def answer_with_mnist(request: Handler) -> None:
    """Answer as OpenML, with the tiny dataset instead of MNIST."""
    request.path = request.path.replace("mnist_784", "tiny")
    answer_as_openml(request)


SERVERS = {
    "504": answer_with(504),
    "404": answer_with(404),
    "bytes-like": answer_with_mnist,
}


@pytest.mark.filterwarnings("ignore:A network error:UserWarning")
@pytest.mark.filterwarnings("ignore:Downloaded file could have been:RuntimeWarning")
@pytest.mark.parametrize("part", SERVERS)
def test_every_error_of_fetch_openml_is_as_printed(part: str) -> None:
    [(code, message)] = [row[:2] for row in FETCH_ROWS if part in row[1]]
    quick = partial(fetch_openml, delay=0.01, cache=False)
    with in_place_of_openml(SERVERS[part]), pytest.raises(Exception) as raised:  # noqa: PT011
        execute(code, fetch_openml=quick)
    check_message(raised, message)
    if isinstance(raised.value, HTTPError):
        raised.value.close()


def test_the_table_has_what_openml_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_place_of_openml(answer_with_mnist):
        # Without categories, scikit-learn works with pandas 3.1.
        as_text = {"dtype": {tiny.SHAPE[0] * tiny.SHAPE[1]: str}}
        bunch = fetch_openml("mnist_784", version=1, cache=False, read_csv_kwargs=as_text)

    tiny.write_idx_files(tmp_path / "idx")
    tiny.edit(tmp_path, {})
    call(tmp_path, "fetch", "tiny")
    (tmp_path / "data/raw/tiny.parquet").rename(tmp_path / "data/raw/mnist.parquet")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    exec(READ_TABLE, namespace)
    pd.testing.assert_frame_equal(namespace["x"], bunch.data, check_dtype=False)
    assert namespace["y"].tolist() == bunch.target.tolist()
    assert set(namespace["x"].dtypes) == {np.dtype(np.uint8)}


def test_idx_files_have_unsigned_bytes() -> None:
    [(wrong, right)] = re.findall(r"^\| `(np\.frombuffer.+?)` \| .+ \| `(.+)` \|$", PAGE, re.M)
    content = make_variables()["idx_file"].getvalue()
    assert execute(wrong, idx_file=io.BytesIO(content)).min() < 0
    pixels = execute(right, idx_file=io.BytesIO(content))
    assert (pixels == make_variables()["x"].to_numpy()).all()


def test_fashion_mnist_is_added_as_the_page_says(tmp_path: Path) -> None:
    images = draw_in_mnist_shape(50).to_numpy().reshape(-1, 28, 28)
    classes = tiny.digits()[1][:50]
    contents = {}
    for images_name, classes_name in idx.MNIST_FILES:
        contents[images_name] = tiny.idx_bytes(images)
        contents[classes_name] = tiny.idx_bytes(classes)
    [entry] = re.findall(r"^```yaml\n(fashion:.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with serving(serve_files(contents)) as server:
        entry = re.sub(r"http://\S+", server.url, entry)
        tiny.edit(tmp_path, {"datasets.fashion": yaml.safe_load(entry)["fashion"]})
        printed = call(tmp_path, "pin", "fashion").stdout
    assert "datasets.fashion has 100 images of 10 classes" in printed
    call(tmp_path, "check")


def draw_page(pixels: Any, factor: int, left: int, top: int) -> Image.Image:
    """Return a page of grey paper with an enlarged digit in dark ink."""
    height, width = tiny.SHAPE
    digit = Image.fromarray((200 - 11 * pixels).astype(np.uint8).reshape(tiny.SHAPE))
    page = Image.new("L", (300, 240), 200)
    page.paste(digit.resize((width * factor, height * factor)), (left, top))
    return page


def test_three_steps_make_one_s_own_picture_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pixels, classes = tiny.digits()

    def convert(page: Image.Image) -> Any:
        page.save("photo.png")
        namespace: dict[str, Any] = {}
        exec(CONVERT_PICTURE, namespace)
        return namespace["image"]

    # The training images are small digits in one place, the test images large ones in another.
    X_train = [convert(draw_page(image, 10, 20, 30)) for image in pixels[:150]]
    X_test = [convert(draw_page(image, 21, 120, 60)) for image in pixels[150:200]]
    for image in X_test:
        rows = np.flatnonzero(image.any(axis=1))
        assert image.shape == (28, 28)
        assert image.max() > 128
        assert rows[-1] - rows[0] == 19
        center_y = (image.sum(axis=1) * np.arange(28)).sum() / image.sum()
        assert abs(center_y - 14) < 1

    classifier = KNeighborsClassifier(1).fit(np.reshape(X_train, (150, 784)), classes[:150])
    converted = np.reshape(X_test, (50, 784))
    assert classifier.score(converted, classes[150:200]) > 0.9
    resized = [draw_page(image, 21, 120, 60).resize((28, 28)) for image in pixels[150:200]]
    only_resized = np.reshape([np.asarray(image) for image in resized], (50, 784))
    assert classifier.score(only_resized, classes[150:200]) < 0.3


# A program that reads 8,000 images of zeros with at most 30 MiB more memory: from a table, then
# from OpenML. As integers of 64 bits, the images take 48 MiB.
READ_WITH_LITTLE_MEMORY = """
import resource, threading, warnings
threading.stack_size(2**18)
import numpy as np, pandas as pd
from sklearn.datasets import fetch_openml
from tests.core import test_fetch

def answer(request):
    request.path = request.path.replace("mnist_784", "tiny")
    test_fetch.answer_as_openml(request)

warnings.simplefilter("ignore")
pixels = np.zeros((8_000, 784), np.uint8)
test_fetch.tiny.SHAPE = (28, 28)
test_fetch.tiny.digits = lambda: (pixels, pixels[:, 0])
content = test_fetch.arff_file()
test_fetch.arff_file = lambda: content
pd.DataFrame(pixels).to_parquet("mnist.parquet")
pd.read_parquet("mnist.parquet")  # starts the threads

with test_fetch.in_place_of_openml(answer):
    with open("/proc/self/statm") as file:
        n_pages = int(file.read().split()[0])
    limit = n_pages * resource.getpagesize() + 30 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print(pd.read_parquet("mnist.parquet").shape)
    try:
        fetch_openml("mnist_784", version=1, cache=False, n_retries=1, delay=0.01)
    except Exception as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_fetch_openml_needs_more_memory_than_the_table(tmp_path: Path) -> None:
    done = tiny.run(
        [sys.executable, "-c", READ_WITH_LITTLE_MEMORY], tmp_path, PYTHONPATH=str(tiny.ROOT)
    )
    shape, error = done.stdout.splitlines()[:2]
    assert shape == "(8000, 784)"
    # It depends on the moment which of the two errors is raised.
    messages = [row[1].partition(": ")[2].strip("…") for row in FETCH_ROWS]
    memory_messages = [message for message in messages if re.search("allocate|memory", message)]
    assert len(memory_messages) == 2
    assert error.startswith(tuple(memory_messages))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_was_executed_in_order_without_a_warning(name: str) -> None:
    code_cells = [cell for cell in read_cells(name) if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in code_cells]
    assert counts == list(range(1, len(code_cells) + 1)), "run `make notebook`"
    for cell in code_cells:
        for output in cell["outputs"]:
            assert output.get("name", "stdout") == "stdout"
            assert not re.search(
                r"/site-packages|/home/|/tmp/|0x[0-9a-f]{6}", json.dumps(output)
            )
    assert f"](notebooks/{name}.ipynb)" in PAGE
