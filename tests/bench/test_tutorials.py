"""The pages about the tutorials, and the notebooks: commands, errors and cells are as printed."""

import contextlib
import json
import re
import shlex
import shutil
import sys
import warnings
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, partial
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from PIL import Image
from pytest_httpserver import HTTPServer
from sklearn.datasets import fetch_openml, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.svm import SVC
from sklearn.utils import Bunch

from bench.notebooks import NOTEBOOKS
from digits import predicting
from digits.commands.check import check
from digits.core.images import read_images
from digits.settings import params_file
from digits.settings.params import Params
from tests.helpers import tiny
from tests.helpers.calls import VALID, call
from tests.helpers.servers import in_place_of_openml, serve_openml
from tests.helpers.variants import mark_variants

PAGE, CODE_PAGE = [
    (tiny.ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    for name in ["tutorials", "tutorials-code"]
]

# The rows of the tables of errors and warnings: pieces of code, when they fail, the message and
# the solution.
ERROR_TABLES = "".join(
    re.findall(r"^\| code \| error.*\n\|[-|]+\n((?:\|.+\n)+)", PAGE + CODE_PAGE, re.MULTILINE)
)
ROWS = re.findall(
    r"^\| (`.+`)([^`|]*) \| `(\S+(?:Error|Warning): .+?)`[^|]* \| (.+) \|$",
    ERROR_TABLES,
    re.MULTILINE,
)
ERRORS = sorted(
    (code, condition, message)
    for codes, condition, message, _ in ROWS
    for code in codes.strip("`").split("`, `")
)
# The pieces of code with which solutions begin.
SOLUTIONS = [
    code
    for row in ROWS
    if (pieces := re.match("`(.+?`(?:, `.+?`)*)", row[3]))
    for code in pieces[1].rstrip("`").split("`, `")
]

# The rows of the tables of results: the notebook, the models here and the cells.
RESULTS = [
    (name, re.findall(r"`(.+?)`", row) or re.findall(r"`(.+?)`", header), row.split(" | "))
    for name, section in re.findall(
        r"^The \[notebook\]\(notebooks/(\w+)\.ipynb\)(.+?)(?=^## |\Z)",
        PAGE,
        re.MULTILINE | re.DOTALL,
    )
    for header, rows in re.findall(
        r"^\| (.+ \| article \| notebook \| .+) \|\n\|[-|]+\n((?:\|.+\n)+)",
        section,
        re.MULTILINE,
    )
    for row in re.findall(r"^\| (.+) \|$", rows, re.MULTILINE)
]

# The blocks of Python code.
SPLIT, NORMALIZE, SORT, FETCH, READ_TABLE, CONVERT_PICTURE = re.findall(
    r"^```python\n(.+?)^```", PAGE + CODE_PAGE, re.MULTILINE | re.DOTALL
)
[AS_ARRAYS] = re.findall(r"arrays, write `(mnist = .+?)`", CODE_PAGE.replace("\n", " "))

# The entries of params.yaml for another dataset.
[HARDER] = re.findall(r"^```yaml\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)


def read_cells(name: str) -> list[dict[str, Any]]:
    """Return the cells of a notebook."""
    return json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))["cells"]


def read_outputs(name: str) -> list[str]:
    """Return what the cells of a notebook have printed."""
    return [
        "".join(output.get("text", []))
        for cell in read_cells(name)
        for output in cell.get("outputs", [])
    ]


def list_commands() -> list[str]:
    """Return the commands in the pages and in the texts of the notebooks.

    `digits show` without arguments is a name, not a command. The commands about the harder dataset
    need its images, and have their own test.
    """
    texts = [PAGE, CODE_PAGE]
    for name in NOTEBOOKS:
        texts.extend(
            "".join(cell["source"])
            for cell in read_cells(name)
            if cell["cell_type"] == "markdown"
        )
    command = r"(?:^\$ |`)((?:digits|dvc) (?!plots show`)[^` \n]+ (?!\S*fashion)[^`\n]+)"
    commands = set()
    for text in texts:
        commands |= set(re.findall(command, text, re.MULTILINE))
    return sorted(commands)


COMMANDS = list_commands()


def read_params(path: Path) -> Params:
    """Read a params.yaml in any folder."""
    return params_file.validate(params_file.parse(path.read_text(encoding="utf-8")))


PARAMS = read_params(tiny.ROOT / "params.yaml")


def adapt(command: str) -> str:
    """Return a command for the data and the models of the tiny project."""
    # Longer names first, because they may contain shorter ones.
    for name in sorted(PARAMS.models, key=len, reverse=True):
        is_binary = PARAMS.tasks[PARAMS.models[name].task].positive is not None
        placeholder = "<binary>" if is_binary else "<digits>"
        command = re.sub(rf"(?<![\w-]){name}(?![\w-])", placeholder, command)
    # Only the detector of fives has predictions of all images.
    command = re.sub(r"(\d --predictions )<digits>", r"\1<binary>", command)
    command = command.replace("<digits>", "digit-logreg").replace("<binary>", "five-sgd")

    names = sorted([*PARAMS.splits, *PARAMS.datasets], key=len, reverse=True)
    options = re.compile(rf"(digits show |fetch@)(?:{'|'.join(names)})\b")
    command = options.sub(r"\1tiny", command)
    # Numbers of images have at most three digits there.
    command = re.sub(r"\b\d{3}(\d\d)\b", r"\1", command)
    # The tiny detector of fives makes no mistakes on its test set.
    return re.sub("--mistakes five-sgd$", "--mistakes digit-logreg", command)


def draw_five(path: Path) -> None:
    """Draw a picture of a five in dark ink."""
    pixels, _ = tiny.digits()
    five = 255 - 15 * pixels[5].reshape(tiny.SHAPE)
    Image.fromarray(five).resize((200, 200)).save(path)


@pytest.mark.slow
def test_every_command_runs(project: Path) -> None:
    draw_five(project / "photo.jpg")
    commands = {adapt(command) for command in COMMANDS}
    for command in sorted(commands):
        if not command.startswith("dvc exp run"):  # which has its own test
            assert tiny.run(command, project).stdout


OVERRIDES = [command for command in COMMANDS if " -S " in command]


@pytest.mark.variant
@pytest.mark.parametrize("command", OVERRIDES)
def test_every_dvc_exp_run_makes_a_valid_change(tmp_path: Path, command: str) -> None:
    assert command.startswith("dvc exp run --temp ")  # the reader's files stay as they are
    *_, override, target = shlex.split(command)
    path = Path(shutil.copy(tiny.ROOT / "params.yaml", tmp_path))
    apply_overrides(path, [override])  # as DVC does; an unknown key is an error
    changed = read_params(path)
    check(changed)
    assert changed != PARAMS
    assert target.removeprefix("evaluate@") in changed.models


def test_the_entries_of_the_harder_dataset_are_valid(tmp_path: Path) -> None:
    values = yaml.safe_load((tiny.ROOT / "params.yaml").read_text(encoding="utf-8"))
    for section, entries in yaml.safe_load(HARDER).items():
        assert not entries.keys() & values[section].keys()
        values[section] |= entries
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    assert call(tmp_path, "check").stdout == VALID


@cache
def make_variables() -> dict[str, Any]:
    """Return the variables that the page names above its tables of errors."""
    pixels, labels = tiny.digits()
    images = 15 * pixels[:50].reshape(-1, *tiny.SHAPE).astype(np.int64)
    padded = np.pad(images, [(0, 0), (10, 10), (10, 10)])  # 28 × 28 pixels, as MNIST's
    x = pd.DataFrame(padded.reshape(50, -1), columns=[f"pixel{n}" for n in range(1, 785)])
    y = pd.Series(labels[:50].astype(str), dtype="str", name="class")
    with warnings.catch_warnings(action="ignore"):
        sgd_clf = SGDClassifier(random_state=42, max_iter=10).fit(x, y)
    return {
        "x": x,
        "y": y,
        "X": x,
        "x_train": x[:40],
        "X_train": x[:40],
        "xtrain": x[:40],
        "x_test": x[40:],
        "xtest": x[40:],
        "y_train": y[:40],
        "y_test": y[40:],
        "y_train_5": y[:40].astype(np.uint8) == 5,
        "clf": LogisticRegression(tol=0.1).fit(x, y.astype(np.int8) == 2),
        "sgd_clf": sgd_clf,
        "some_digit": x.to_numpy()[1],
        "photo": np.zeros((6, 6)),
        "shuffle_index": np.random.permutation(40),
        "digit": x.iloc[0],
        "mnist": Bunch(data=x, target=y),
        "mnist_data": (x, y),  # what `fetch_openml` returns with `return_X_y=True`
        "np": np,
        "plt": plt,
        "cross_val_score": cross_val_score,
        "fetch_openml": partial(fetch_openml, cache=False),
        "LogisticRegression": LogisticRegression,
        "SGDClassifier": SGDClassifier,
    }


def test_every_row_of_the_tables_is_tried() -> None:
    assert len(ROWS) == ERROR_TABLES.count("\n") > 25


def name_last_column(code: str) -> str:
    """Return code that reads the labels of MNIST as if it read those of the tiny dataset."""
    return code.replace("784:", f"{tiny.SHAPE[0] * tiny.SHAPE[1]}:")


def use_first_images(code: str) -> str:
    """Return code about image 36,000 or 36,001 as if it were about one of the first images."""
    return re.sub(r"iloc\[(\[?)3600(\d)\b", r"iloc[\1\2", code)


@pytest.mark.filterwarnings("ignore:Maximum number of iteration reached")  # of SGD
@pytest.mark.parametrize("row", mark_variants(ERRORS))
def test_every_error_and_warning_is_as_printed(
    httpserver_ipv4: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    row: tuple[str, str, str],
) -> None:
    code, condition, message = row
    serve_openml(httpserver_ipv4, "mnist_784")
    variables = make_variables().copy()
    if condition == " before the import":
        del variables["np"]
    elif condition == " without pandas":
        monkeypatch.setitem(sys.modules, "pandas", None)  # as if it were not installed
    elif condition == " with the label '2'":
        variables["y_train_2"] = variables["y_train"].astype(np.int8) == "2"
    elif condition == " with loss='log'":
        variables["sgd_clf"] = SGDClassifier(loss="log", random_state=42)
    elif condition == " if only y_train is converted":
        as_numbers = variables["y_train"].astype(np.uint8)
        variables["sgd_clf"] = SGDClassifier(random_state=42).fit(
            variables["x_train"], as_numbers
        )
    elif condition == " with as_frame=False":
        variables["x"] = variables["x"].to_numpy()
    elif condition == " in a notebook":
        variables["predicting"] = predicting
        monkeypatch.chdir(tmp_path)  # not the project folder
    elif condition == " without fit":
        variables["sgd_clf"] = SGDClassifier(random_state=42, max_iter=10)
    else:
        assert condition in {"", " in a script", " with max_iter=10", " with return_X_y"}
    if code.startswith("import matplotlib"):  # which is not installed
        monkeypatch.setattr(sys, "path", [])
        for name in ["matplotlib", "matplotlib.pyplot"]:
            monkeypatch.delitem(sys.modules, name)
    error_type, _, text = message.partition(": ")
    action: Literal["error", "ignore"] = "error" if error_type.endswith("Warning") else "ignore"
    with (
        in_place_of_openml(httpserver_ipv4),
        warnings.catch_warnings(action=action),
        pytest.raises(Exception) as raised,  # noqa: PT011
    ):
        exec(use_first_images(code), variables)
    assert raised.type.__name__ == error_type.rpartition(".")[2]
    # The page leaves out parts of the text.
    pattern = ".*".join(re.escape(part) for part in text.split("…"))
    assert re.search(pattern, str(raised.value), re.DOTALL), raised.value


@pytest.mark.filterwarnings("ignore:Maximum number of iteration reached")  # of SGD
@pytest.mark.parametrize("code", sorted(set(SOLUTIONS)))
def test_every_solution_that_is_code_works(httpserver_ipv4: HTTPServer, code: str) -> None:
    serve_openml(httpserver_ipv4, "mnist_784")
    with in_place_of_openml(httpserver_ipv4):
        exec(name_last_column(use_first_images(code)), make_variables().copy())


def test_the_lines_with_a_test_set_print_the_accuracy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    digits = load_digits()
    variables: dict[str, Any] = {
        "digits": digits,
        "binary_labels": np.where(digits.target < 2, 1, 0),
        "clf": SVC(gamma=0.001),
    }
    exec(SPLIT, variables)
    assert f"  {capsys.readouterr().out.strip()}:\n" in PAGE


def test_fetching_as_published_downloads_twice(
    httpserver_ipv4: HTTPServer, tmp_path: Path
) -> None:
    serve_openml(httpserver_ipv4, "mnist_784")
    [warning] = re.findall(r"`RuntimeWarning: (.+?) …`", CODE_PAGE)
    with (
        in_place_of_openml(httpserver_ipv4),
        pytest.warns(RuntimeWarning, match=warning),
        pytest.raises(TypeError),
    ):
        fetch_openml("mnist_784", version=1, data_home=tmp_path)
    paths = [request.path for request, _ in httpserver_ipv4.log]
    assert len([path for path in paths if path.endswith(".arff")]) == 2


def fetch_from_openml(server: HTTPServer, **options: Any) -> Bunch:
    """Return what the call of `fetch_openml` on the page returns for the tiny dataset."""
    serve_openml(server, "mnist_784")
    fetch = partial(fetch_openml, cache=False, **options)
    namespace: dict[str, Any] = {"fetch_openml": fetch}
    with in_place_of_openml(server):
        exec(name_last_column(FETCH), namespace)
    bunch: Bunch = namespace["mnist"]
    return bunch


def read_table(folder: Path) -> list[Bunch]:
    """Return the tables, and the arrays, of the code on the page for the tiny dataset."""
    tiny.write_idx_files(folder / "idx")
    tiny.edit(folder, {})
    call(folder, "fetch", "tiny")
    (folder / "data/raw/tiny.parquet").rename(folder / "data/raw/mnist.parquet")
    namespace: dict[str, Any] = {}
    bunches = []
    with contextlib.chdir(folder):
        for code in [READ_TABLE, AS_ARRAYS]:
            exec(code, namespace)
            bunches.append(namespace["mnist"])
    return bunches


@pytest.mark.variant
def test_the_tables_and_arrays_of_the_page_are_those_of_openml(
    httpserver_ipv4: HTTPServer, tmp_path: Path
) -> None:
    of_openml = fetch_from_openml(httpserver_ipv4)
    of_table, of_arrays = read_table(tmp_path)
    pd.testing.assert_frame_equal(of_table["data"], of_openml["data"])
    pd.testing.assert_series_equal(of_table["target"], of_openml["target"])

    as_arrays = fetch_from_openml(httpserver_ipv4, as_frame=False)
    np.testing.assert_array_equal(of_arrays["data"], as_arrays["data"])
    np.testing.assert_array_equal(of_arrays["target"], as_arrays["target"])
    slowly = fetch_from_openml(httpserver_ipv4, parser="liac-arff")
    assert slowly["target"].tolist() == of_table["target"].tolist()


def test_the_numbers_in_the_sentences_are_right() -> None:
    sentences = " ".join(PAGE.split())
    metrics = {
        path.stem: json.loads(path.read_text()) for path in tiny.ROOT.glob("metrics/*.json")
    }
    five, recall = metrics["five-sgd"], metrics["five-sgd-recall"]
    counts = pd.read_csv(tiny.ROOT / "plots/five-sgd/confusion.csv")
    counts = counts[(counts["subset"] == "test") & (counts["actual"] != counts["predicted"])]
    [missed] = counts.loc[counts["actual"] == 1, "count"]
    numbers = [
        f"precision of {five['precision']:.3f} and a recall of {five['recall']:.3f}.",
        f"precision is {recall['precision']:.3f}, and its test recall {recall['recall']:.3f}.",
        f"on the last 10,000 images, {metrics['digit-sgd-hinge']['accuracy']:.4f}.",
        f"{missed} of the {counts['count'].sum()} mistakes of `five-sgd`",
    ]
    names = ["small-zero-against-one-svc", "zero-or-one-svc", "small-zero-or-one-linear"]
    numbers += [f"test accuracy of {metrics[name]['accuracy']:.4f}." for name in names]
    assert [text for text in numbers if text not in sentences] == []


MNIST = tiny.ROOT / "data/raw/mnist.parquet"
needs_mnist = pytest.mark.skipif(
    not MNIST.exists(), reason="needs MNIST: `dvc repro fetch@mnist`"
)


@pytest.mark.slow
@needs_mnist
def test_the_images_that_the_page_names_show_what_it_says() -> None:
    classes = pd.read_parquet(MNIST, columns=["class"])["class"]
    assert classes[[36_000, 36_001, 36_002]].tolist() == [9, 2, 6]
    train, test = train_test_split(classes, test_size=0.2, random_state=42)
    assert test.index[:2].tolist() == [46_730, 48_393]
    assert (train.iloc[1], train[1]) == (4, 0)
    labels = "`ytrain.iloc[1]`, a 4. `ytrain[1]` is the label of MNIST's image 1, a 0."
    assert labels in " ".join(CODE_PAGE.split())
    assert f"`{test.astype(str).to_numpy()}`" in PAGE
    variables: dict[str, Any] = {
        "np": np,
        "X": np.arange(70_000),
        "y": classes.astype(str).to_numpy(),
    }
    exec(SORT, variables)
    assert (variables["X"][36_000], variables["y"][36_000]) == (59_810, "5")


@pytest.mark.slow
@needs_mnist
def test_the_default_tolerance_gives_the_warning() -> None:
    images = read_images(MNIST)
    is_two = images.table["class"] == 2
    [warning] = re.findall(r"`ConvergenceWarning: (lbfgs .+?)`", PAGE)
    with pytest.warns(ConvergenceWarning, match=re.escape(warning)):
        LogisticRegression().fit(images.X[:60_000].astype(np.float64), is_two[:60_000])


@pytest.mark.slow
@needs_mnist
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("X = X / 255", "the test accuracy with hinge loss is {}."),
        (NORMALIZE, "With these lines instead, it is {}:"),
    ],
)
def test_scaled_pixels_have_the_test_accuracy(line: str, sentence: str) -> None:
    assert line in PAGE
    namespace: dict[str, Any] = {}
    with contextlib.chdir(tiny.ROOT):
        exec(READ_TABLE, namespace)
    variables: dict[str, Any] = {"X": namespace["mnist"].data}
    exec(line, variables)
    X, y = variables["X"], namespace["mnist"].target.astype(np.uint8)
    model = SGDClassifier(loss="hinge", random_state=42).fit(X[:60_000], y[:60_000])
    accuracy = model.score(X[60_000:], y[60_000:])
    assert sentence.format(f"{accuracy:.4f}") in " ".join(PAGE.split())


@pytest.mark.slow
def test_your_own_classifier_predicts_a_converted_picture(project: Path) -> None:
    draw_five(project / "photo.jpg")
    load = (
        "import pandas as pd\n"
        "from digits.core import paths\n"
        "from digits.learning import model_file\n"
        "sgd_clf = model_file.load(paths.model('digit-logreg'))\n"
        f"X_train = pd.DataFrame(columns=range({tiny.SHAPE[0] * tiny.SHAPE[1]}))\n"
    )
    script = load + adapt(CONVERT_PICTURE)
    printed = tiny.run(["python", "-c", script], project).stdout
    assert printed == "[5]\n"


def round_like(value: float, text: str) -> str:
    """Round a number to as many decimals as a number on the page has."""
    # A binary number is mostly a little more or less than the decimal number that it stands for.
    return str(Decimal(str(value)).quantize(Decimal(text), ROUND_HALF_UP))


def read_values(model: str) -> list[float]:
    """Return all results of a model of this project that are in Git."""
    metrics = json.loads((tiny.ROOT / f"metrics/{model}.json").read_text())
    plots = tiny.ROOT / f"plots/{model}"
    table = pd.read_csv(plots / "metrics.csv")[["value", "low", "high"]]
    counts = pd.read_csv(plots / "confusion.csv")["count"]
    return [*metrics.values(), *table.to_numpy().ravel(), *counts]


def test_results_are_those_of_the_notebooks_and_of_the_metrics_of_this_project() -> None:
    number = re.compile(r"\d+(?:\.\d+)?")
    n_numbers = 0
    for name, models, row in RESULTS:
        printed = number.findall(" ".join(read_outputs(name)))
        [model] = models
        for values, text in [(printed, row[-2]), (read_values(model), row[-1])]:
            for shown in number.findall(text):
                n_numbers += 1
                assert shown in [round_like(value, shown) for value in values], row
    assert n_numbers > 50


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_was_executed_in_order_without_a_warning(name: str) -> None:
    code_cells = [cell for cell in read_cells(name) if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in code_cells]
    assert counts == list(range(1, len(code_cells) + 1)), "run `python -m bench.notebooks`"
    for cell in code_cells:
        for output in cell["outputs"]:
            assert output.get("name", "stdout") == "stdout"
            assert not re.search(
                r"/site-packages|/home/|/tmp/|0x[0-9a-f]{6}", json.dumps(output)
            )
    assert f"](notebooks/{name}.ipynb)" in PAGE


@pytest.mark.variant
def test_make_notebooks_installs_what_the_notebooks_import() -> None:
    locks = [tiny.ROOT / "requirements.lock", tiny.ROOT / "docs/notebooks/requirements.lock"]
    assert "\nmatplotlib==" not in locks[0].read_text(encoding="utf-8")  # the page installs it
    locked = set()
    for lock in locks:
        locked |= set(
            re.findall(r"^([\w-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)
        )
    assert {"jupyterlab", "ipykernel"} <= locked
    packages_of = packages_distributions()
    for name in NOTEBOOKS:
        code = "\n".join(
            "".join(cell["source"]) for cell in read_cells(name) if cell["cell_type"] == "code"
        )
        imported = set(re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE))
        for module in imported - sys.stdlib_module_names:
            assert locked.intersection(packages_of[module]), f"{name} imports {module}"
