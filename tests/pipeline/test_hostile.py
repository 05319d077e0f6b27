"""Files that are damaged, or that somebody has made to do harm, in the place of those that each program reads."""

import io
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from digits.common.cli import ParameterError, PipelineError
from stages import binarize, evaluate, split, train
from tests import tiny
from tools.report import __main__ as report

Damage = Callable[[bytes], bytes]
Change = Callable[[pa.Table], pa.Table]

RAW, SPLIT, LABELS = "data/raw/tiny.parquet", "data/split/tiny", "data/labels/tiny/five"
CROSSVAL, PREDICTIONS = "data/crossval/five-sgd.parquet", "data/predictions/five-sgd.parquet"
COMMANDS: dict[str, tuple[ModuleType, str]] = {
    "split": (split, f"tiny {RAW} new/train.parquet new/test.parquet"),
    "binarize": (binarize, f"{SPLIT}/train.parquet {SPLIT}/test.parquet new"),
    "train": (train, f"five-sgd {SPLIT}/train.parquet {LABELS} new/model.joblib new/crossval.parquet"),
    "evaluate": (
        evaluate,
        f"models/five-sgd.joblib {SPLIT}/train.parquet {SPLIT}/test.parquet {LABELS} {CROSSVAL} "
        "new/metrics.json new/plots new/predictions.parquet",
    ),
    "report": (report, "metrics plots data/predictions data/raw models requirements.lock new.html"),
}


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the made project; what a test changes in it, it puts back."""
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("hostile") / "tiny", symlinks=True))


def written(folder: Path) -> dict[Path, int]:
    """Return when each file and folder was last written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture
def refuse(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return a function that runs a stage in this process, expects it to refuse its files, and returns the line."""
    monkeypatch.chdir(place)

    def call(name: str) -> str:
        stage, arguments = COMMANDS[name]
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments.split()])
        before = written(place)
        with pytest.raises(PipelineError) as error:
            stage.main()
        assert not isinstance(error.value, ParameterError)
        assert written(place) == before
        assert len(str(error.value)) < 500
        return str(error.value)

    return call


@pytest.fixture
def put(place: Path) -> Iterator[Callable[[str, bytes | pa.Table], None]]:
    """Return a function that puts something in a file's place; at the end, what was there comes back."""
    before: dict[Path, bytes] = {}

    def replace(name: str, content: bytes | pa.Table) -> None:
        path = place / name
        before.setdefault(path, path.read_bytes())
        path.unlink()
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path)

    yield replace
    for path, content in before.items():
        path.write_bytes(content)


def number(value: int) -> bytes:
    """Spell a number as Thrift's compact protocol does."""
    spelled = b""
    while value > 127:
        spelled += bytes([value & 127 | 128])
        value >>= 7
    return spelled + bytes([value])


def with_columns(count: int) -> bytes:
    """Return a parquet file with that many columns and no rows, most of which is the same few bytes again and again."""
    root = b"\x48\x01r\x15" + number(2 * count) + b"\0"  # name and number of columns
    column = b"\x15\x02\x25\0\x18\x02p1\0"  # type, repetition and name
    schema = b"\x19\xfc" + number(count + 1) + root + count * column
    footer = b"\x15\x02" + schema + b"\x16\0\x19\x0c\0"  # version, schema, no rows, no row groups
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def without_content(file: bytes) -> bytes:
    """Return a file whose footer is as it was, and all before it zero."""
    footer = int.from_bytes(file[-8:-4], "little") + 8
    return b"PAR1" + bytes(len(file) - footer - 4) + file[-footer:]


DAMAGES: dict[str, Damage] = {
    "empty": lambda file: b"",
    "text": lambda file: b"row,label\n1,2\n",
    "a footer cut off": lambda file: file[:-20],
    "a half": lambda file: file[: len(file) // 2],
    "no content": without_content,
    "a footer larger than the file": lambda file: file[:-8] + b"\xff\xff\xff\x7fPAR1",
    "no columns": lambda file: with_columns(0),
}


def set_column(table: pa.Table, name: str, values: Any, kind: pa.DataType | None = None) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, kind))


def changes(name: str) -> dict[str, Change]:
    """Return what may be wrong with a column of whole numbers."""

    def values(table: pa.Table) -> list[int]:
        return table[name].to_pylist()

    return {
        f"no {name}": lambda table: table.drop_columns([name]),
        f"{name} twice": lambda table: table.append_column(name, table[name]),
        f"{name} as a fraction": lambda table: set_column(table, name, values(table), pa.float64()),
        f"{name} as text": lambda table: set_column(table, name, [str(value) for value in values(table)]),
        f"{name} in 64 bits": lambda table: set_column(table, name, values(table), pa.int64()),
        f"{name} too large": lambda table: set_column(table, name, [v + 300 for v in values(table)], pa.uint16()),
        f"{name} in a structure": lambda table: set_column(table, name, [{"a": value} for value in values(table)]),
        f"{name} missing": lambda table: set_column(
            table, name, [None, *values(table)[1:]], table.schema.field(name).type
        ),
    }


OF_ALL: dict[str, Change] = {
    "no rows": lambda table: table.slice(0, 0),
    "one more column": lambda table: table.append_column("weight", pa.array(np.ones(len(table)))),
}
OF_IMAGES = OF_ALL | {
    "no shape": lambda table: table.replace_schema_metadata(None),
    "a wrong shape": lambda table: table.replace_schema_metadata({"image_shape": "8x9"}),
    "no shape at all": lambda table: table.replace_schema_metadata({"image_shape": "x" * 10_000}),
    "a negative shape": lambda table: table.replace_schema_metadata({"image_shape": "-8x-8"}),
    "pixels in another order": lambda table: table.select(["pixel2", "pixel1", *table.column_names[2:]]),
    **changes("pixel7"),
}
OF_ROWS: dict[str, Change] = {
    "a row less": lambda table: table.slice(1),
    "rows in another order": lambda table: table.take(np.arange(len(table))[::-1]),
    "other rows": lambda table: set_column(table, "row", range(1000, 1000 + len(table)), pa.uint32()),
    **changes("row"),
}
OF_LABELS = {
    "a label above all classes": lambda table: set_column(table, "label", [17, *[0] * (len(table) - 1)], pa.uint8()),
    "labels of other rows": lambda table: set_column(table, "label", np.roll(table["label"].to_numpy(), 1)),
    **changes("label"),
}
OF_SCORES: dict[str, Change] = {
    "no scores": lambda table: table.drop_columns(["score"]),
    "a score that is no number": lambda table: set_column(table, "score", [np.nan, *[0.0] * (len(table) - 1)]),
    "a score without end": lambda table: set_column(table, "score", [np.inf, *[0.0] * (len(table) - 1)]),
    "a missing score": lambda table: set_column(table, "score", [None, *[0.0] * (len(table) - 1)], pa.float64()),
    "scores in whole numbers": lambda table: set_column(table, "score", [0] * len(table)),
    "scores of classes": lambda table: table.rename_columns([*table.column_names[:-1], "score_5"]),
    "a prediction too large": lambda table: set_column(table, "prediction", [9] * len(table), pa.uint8()),
    **changes("prediction"),
}
FILES: dict[tuple[str, str], dict[str, Change]] = {
    ("split", RAW): OF_IMAGES | changes("class"),
    ("binarize", f"{SPLIT}/train.parquet"): OF_ALL | changes("class") | changes("row"),
    ("binarize", f"{SPLIT}/test.parquet"): OF_ALL,
    ("train", f"{SPLIT}/train.parquet"): OF_IMAGES | OF_ROWS | changes("class"),
    ("train", f"{LABELS}/train.parquet"): OF_ALL | OF_ROWS | OF_LABELS,
    ("evaluate", f"{SPLIT}/train.parquet"): OF_ALL | OF_ROWS,
    ("evaluate", f"{SPLIT}/test.parquet"): OF_IMAGES | OF_ROWS,
    ("evaluate", f"{LABELS}/train.parquet"): OF_ALL | OF_ROWS | OF_LABELS,
    ("evaluate", f"{LABELS}/test.parquet"): OF_ALL | OF_ROWS | OF_LABELS,
    ("evaluate", CROSSVAL): OF_ALL | OF_ROWS | OF_LABELS | OF_SCORES | changes("fold"),
    ("report", RAW): OF_IMAGES | changes("class"),
    ("report", PREDICTIONS): OF_ALL | OF_LABELS | OF_SCORES | changes("row") | {"other rows": OF_ROWS["other rows"]},
}


@pytest.mark.fault
@pytest.mark.parametrize(("stage", "name"), FILES, ids=[f"{stage}-{Path(name)}" for stage, name in FILES])
def test_a_file_that_is_not_as_it_should_be_is_refused(
    place: Path,
    refuse: Callable[[str], str],
    put: Callable[[str, bytes | pa.Table], None],
    stage: str,
    name: str,
) -> None:
    file = (place / name).read_bytes()
    for what, damage in DAMAGES.items():
        put(name, damage(file))
        assert name in refuse(stage), what
    table = pq.read_table(io.BytesIO(file))
    for what, change in FILES[stage, name].items():
        put(name, change(table))
        assert name in refuse(stage), what


def test_labels_that_the_other_part_contradicts_are_refused(
    place: Path, refuse: Callable[[str], str], put: Callable[[str, bytes | pa.Table], None]
) -> None:
    table = pq.read_table(place / LABELS / "test.parquet")
    classes = pq.read_table(place / SPLIT / "test.parquet")["class"].to_numpy()
    for yes in (range(10), [3], []):
        put(f"{LABELS}/test.parquet", set_column(table, "label", np.isin(classes, list(yes)).astype(np.uint8)))
        assert refuse("evaluate").startswith(f"{LABELS} has labels that are not those of the images' classes"), yes


def test_two_labels_are_needed(
    place: Path, refuse: Callable[[str], str], put: Callable[[str, bytes | pa.Table], None]
) -> None:
    table = pq.read_table(place / LABELS / "train.parquet")
    put(f"{LABELS}/train.parquet", set_column(table, "label", [0] * len(table), pa.uint8()))
    assert refuse("train") == "the model cannot be fitted: all training rows have the label 0; two are needed"


def test_a_label_that_the_model_has_not_seen_is_named(
    place: Path, refuse: Callable[[str], str], put: Callable[[str, bytes | pa.Table], None]
) -> None:
    for part in ("train", "test"):
        put(f"{LABELS}/{part}.parquet", (place / "data/labels/tiny/digit" / f"{part}.parquet").read_bytes())
    assert refuse("evaluate").startswith("models/five-sgd.joblib has not been trained on the label 2, which the test")


@pytest.mark.parametrize("stage", COMMANDS)
def test_a_damaged_file_is_one_line_of_the_program(
    place: Path, put: Callable[[str, bytes | pa.Table], None], stage: str
) -> None:
    name = {"binarize": f"{SPLIT}/test.parquet", "train": f"{LABELS}/train.parquet"}.get(stage, RAW)
    name = {"evaluate": CROSSVAL, "report": PREDICTIONS}.get(stage, name)
    put(name, (place / name).read_bytes()[:-20])
    before = tiny.files(place)
    done = tiny.run(
        ["python", "-m", "tools.report" if stage == "report" else f"stages.{stage}", *COMMANDS[stage][1].split()],
        place,
        status=1,
    )
    assert done.stderr.startswith(f"{stage}: error: {name} cannot be read (")
    assert done.stderr.endswith("make it again with `dvc repro`\n")
    assert (done.stderr.count("\n"), done.stdout) == (1, "")
    assert tiny.files(place) == before


def test_a_folder_in_the_place_of_a_file_is_refused(place: Path, tmp_path: Path) -> None:
    command = f"python -m stages.split tiny {tmp_path} {tmp_path}/a.parquet {tmp_path}/b.parquet"
    done = tiny.run(command.split(), place, status=1)
    assert done.stderr == f"split: error: {tmp_path} has no parts of a table in it; make it again with `dvc repro`\n"
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_million_columns_are_refused_in_little_memory(place: Path, tmp_path: Path) -> None:
    import resource

    path = tmp_path / "wide.parquet"
    path.write_bytes(with_columns(999_000))  # Arrow itself refuses a million, and takes 20 GB for a few less
    command = [
        sys.executable,
        "-m",
        "stages.split",
        "tiny",
        str(path),
        f"{tmp_path}/a.parquet",
        f"{tmp_path}/b.parquet",
    ]
    most = (3 << 30, 3 << 30)
    done = subprocess.run(
        command,
        cwd=place,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, most),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "Exceeded size limit" in done.stderr


METRICS, CONFUSION, ROC = "metrics/five-sgd.json", "plots/five-sgd/confusion.csv", "plots/five-sgd/roc.csv"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "Invalid JSON"),
        (b"[1]", "Input should be an object"),
        (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> smoother\n", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"{}", "test: Field required"),
        (b'{"test": {"accuracy": "all"}}', "test.accuracy: "),
    ],
)
def test_metrics_that_somebody_has_edited_are_refused(
    refuse: Callable[[str], str], put: Callable[[str, bytes | pa.Table], None], content: bytes, fault: str
) -> None:
    put(METRICS, content)
    line = refuse("report")
    assert line.startswith(f"{METRICS} is damaged ({fault}")
    assert line.endswith("`dvc repro --force evaluate@five-sgd` makes it again")


@pytest.mark.parametrize("command", ["leaderboard", "predict --model five-sgd --row tiny 0"])
def test_the_tools_refuse_metrics_that_somebody_has_edited(
    place: Path, put: Callable[[str, bytes | pa.Table], None], command: str
) -> None:
    put(METRICS, b"{}")
    tool, *arguments = command.split()
    done = tiny.run(["python", "-m", f"tools.{tool}", *arguments], place, status=1)
    assert done.stderr.startswith(f"{tool}: error: {METRICS} is damaged (test: Field required")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (CONFUSION, b""),
        (CONFUSION, b"part,actual\ntest,1\n"),
        (CONFUSION, b"part,actual,predicted,count,share\ntest,0,0,many,1\n"),
        (ROC, b"a,b\n1\n2,3,4\n"),
        (ROC, b"\x00" * 100),
    ],
)
def test_plot_tables_that_somebody_has_edited_are_refused(
    refuse: Callable[[str], str], put: Callable[[str, bytes | pa.Table], None], name: str, content: bytes
) -> None:
    put(name, content)
    line = refuse("report")
    assert line.startswith("the plots of five-sgd are damaged (")
    assert line.endswith("`dvc repro --force evaluate@five-sgd` makes them again")


def test_measurements_of_another_run_and_missing_ones_are_named(
    place: Path, refuse: Callable[[str], str], put: Callable[[str, bytes | pa.Table], None]
) -> None:
    text = (place / METRICS).read_bytes()
    put(METRICS, text.replace(b'"accuracy"', b'"acuracy"', 2))
    assert "five-sgd" in refuse("report")
    put(METRICS, text.replace(b'"log_loss"', b'"loss"'))
    assert refuse("report").startswith("a figure of metrics/ is missing or no number (")
    table = pq.read_table(place / PREDICTIONS)
    put(METRICS, text)
    put(PREDICTIONS, set_column(table, "prediction", 1 - table["prediction"].to_numpy()))
    assert refuse("report").startswith(f"{PREDICTIONS} and {METRICS} are not of the same run")


BOMB = "\n".join(["a: &a [x]", *(f"{b}: &{b} [{', '.join(9 * ['*' + a])}]" for a, b in pairwise("abcdefghijkl"))])


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("tools.check", b"seed: !!python/object/apply:os.mkdir ['made']\n"),
        ("tools.check", f"{BOMB}\nseed: *l\n".encode()),
        ("stages.split a b c d", b"seed: " + 100_000 * b"["),
        ("stages.fetch digits x", b"datasets: 5\n"),
        ("tools.leaderboard", b"experiments: [five]\n"),
        ("tools.show mnist", b"seed: 42\n"),
        ("tools.predict 5.png", b"experiments:\n  five: 5\n"),
        ("tools.prune", b"datasets: {}\n"),
    ],
    ids=["tag", "bomb", "deep", "no section", "list", "missing", "no block", "empty"],
)
def test_a_hostile_params_yaml_is_one_line_of_the_programs(tmp_path: Path, command: str, content: bytes) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    script, *arguments = command.split()
    done = tiny.run(["python", "-m", script, *arguments], tmp_path, status=2, PYTHONPATH=str(tiny.ROOT))
    assert done.stderr.startswith(f"{script.partition('.')[2]}: error: params.yaml")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 300
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def picture(kind: str = "PNG", **options: Any) -> bytes:
    """Return a white picture with a black bar on it."""
    image = Image.new("L", (100, 100), 255)
    image.paste(0, (45, 20, 55, 80))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.fault
def test_hostile_pictures_are_a_line_each_and_the_others_are_read(place: Path, tmp_path: Path) -> None:
    lzw = bytearray(picture("TIFF", compression="tiff_lzw"))
    lzw[20:60] = b"\x55" * 40  # libtiff has its own way of complaining
    bar = np.pad(np.zeros((15, 5), np.uint8), ((2, 23), (3, 32)), constant_values=255)
    sheet = io.BytesIO()
    Image.fromarray(np.tile(bar, (49, 49))).save(sheet, "PNG")
    pictures = {
        "1.png": (b"some text\n", "not a picture"),
        "2.png": (picture("JPEG"), None),
        "3.jpg": (picture()[:70], "damaged or cut off"),
        "4.tif": (bytes(lzw), "damaged or cut off"),
        "5.png": (sheet.getvalue(), "more than 2000 pieces of ink"),
        "6.png": (picture(exif=b"Exif\0\0" + b"\xff" * 60), None),
    }
    for name, (content, _) in pictures.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "7.png").mkdir()
    command = ["python", "-m", "tools.predict", "--model", "digit-logreg", str(tmp_path)]
    done = tiny.run(command, place, status=1)
    said = {Path(line.split(": ")[1]).name: line.split(": ", 2)[2] for line in done.stderr.splitlines()}
    assert list(said) == [name for name, (_, reason) in pictures.items() if reason] + ["7.png"]
    for name, (_, reason) in pictures.items():
        assert reason is None or reason in said[name]
    assert [Path(line.split(":")[0]).name for line in done.stdout.splitlines()] == ["2.png", "6.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that nobody reads is another error there")
def test_nobody_reads_the_answer(place: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    command = [sys.executable, "-m", "tools.predict", "--model", "digit-logreg", str(tmp_path)]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.fault
def test_the_drawing_page_outlives_requests_that_are_none(place: Path) -> None:
    command = [sys.executable, "-m", "tools.draw", "--model", "digit-logreg", "--port", "0"]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline().split("/")[2].split(":")[1])

            def send(request: bytes) -> bytes:
                with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                    connection.sendall(request)
                    connection.shutdown(socket.SHUT_WR)
                    return connection.makefile("rb").readline()

            head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: image/png\r\n".encode()
            good = head + f"Content-Length: {len(picture())}\r\n\r\n".encode() + picture()
            blank = io.BytesIO()
            Image.new("L", (7000, 7000), 255).save(blank, "PNG")
            assert b"200" in send(good)
            assert b"400" in send(b"\0\1\2\3\r\n\r\n")
            assert send(head + b"Content-Length: 9999\r\n\r\n" + picture()) == b""
            assert b"400" in send(head + b"Content-Length: -5\r\n\r\n" + picture())
            assert b"413" in send(head + b"Content-Length: 99999999999999999999\r\n\r\n" + picture())
            assert b"400" in send(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + picture())
            assert b"400" in send(head + b'Content-Length: 10\r\n\r\n{"a": NaN}')
            assert b"400" in send(head + f"Content-Length: {len(blank.getvalue())}\r\n\r\n".encode() + blank.getvalue())
            assert b"404" in send(f"GET /static/../../params.yaml HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert b"200" in send(good)
        finally:
            process.terminate()
        assert process.stderr
        assert process.stderr.read() == ""
