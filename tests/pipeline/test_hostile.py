"""Files that are damaged, or of another kind, in the place of those that each program reads."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from digits.common import parquet, paths
from digits.common.errors import ParameterError, PipelineError
from stages import binarize, evaluate, split, train
from tests import tiny

Damage = Callable[[bytes], bytes]
Change = Callable[[pa.Table], pa.Table]

RAW, CROSSVAL = paths.raw("tiny"), paths.out_of_fold("five-sgd")
TRAIN, TEST = (paths.split("tiny", part) for part in ("train", "test"))
TRAIN_LABELS, TEST_LABELS = (paths.labels("five-sgd", part) for part in ("train", "test"))
STAGES: dict[str, tuple[ModuleType, str]] = {
    "split": (split, "tiny"),
    "binarize": (binarize, "five-sgd"),
    "train": (train, "five-sgd"),
    "evaluate": (evaluate, "five-sgd"),
}


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the made project; what a test changes in it, it puts back."""
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("hostile") / "tiny", symlinks=True))


@pytest.fixture
def refuse(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return a function that runs a stage in this process, expects it to refuse its files, and returns the line."""
    monkeypatch.chdir(place)

    def written() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.suffix != ".pyc" and path.is_file()}

    def call(name: str) -> str:
        stage, block = STAGES[name]
        monkeypatch.setattr(sys, "argv", [f"{name}.py", block])
        before = written()
        with pytest.raises(PipelineError) as error:
            stage.main()
        assert not isinstance(error.value, ParameterError)
        assert written() == before
        assert len(str(error.value)) < 500
        return str(error.value)

    return call


@pytest.fixture
def put(place: Path) -> Iterator[Callable[[Path, bytes | pa.Table], None]]:
    """Return a function that puts something in a file's place; at the end, what was there comes back."""
    before: dict[Path, bytes] = {}

    def replace(name: Path, content: bytes | pa.Table) -> None:
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
}


def set_column(table: pa.Table, name: str, values: Any, kind: pa.DataType | None = None) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, kind))


def changes(name: str) -> dict[str, Change]:
    """Return what may be wrong with a column of whole numbers."""
    return {
        f"no {name}": lambda table: table.drop_columns([name]),
        f"{name} twice": lambda table: table.append_column(name, table[name]),
        f"{name} as a fraction": lambda table: set_column(table, name, table[name].to_pylist(), pa.float64()),
        f"{name} as text": lambda table: set_column(table, name, [str(value) for value in table[name].to_pylist()]),
    }


OF_ALL: dict[str, Change] = {
    "no rows": lambda table: table.slice(0, 0),
    "one more column": lambda table: table.append_column("weight", pa.array(np.ones(len(table)))),
}
OF_IMAGES = OF_ALL | {
    "no shape": lambda table: table.replace_schema_metadata(None),
    "a wrong shape": lambda table: table.replace_schema_metadata({"image_shape": "8x9"}),
    "no shape at all": lambda table: table.replace_schema_metadata({"image_shape": "x" * 10_000}),
    "pixels in another order": lambda table: table.select(["pixel2", "pixel1", *table.column_names[2:]]),
    **changes("pixel7"),
}
OF_LABELS = OF_ALL | changes("label")
OTHER_ROWS: dict[str, Change] = {
    "a row less": lambda table: table.slice(1),
    "rows in another order": lambda table: table.take(np.arange(len(table))[::-1]),
}
OF_SCORES: dict[str, Change] = {
    "no scores": lambda table: table.drop_columns(["score"]),
    "scores in whole numbers": lambda table: set_column(table, "score", [0] * len(table)),
    "scores of classes": lambda table: table.rename_columns([*table.column_names[:-1], "score_5"]),
    "no classes": lambda table: table.replace_schema_metadata({"folds": "3"}),
    "another model's classes": lambda table: table.replace_schema_metadata(
        {**table.schema.metadata, b"classes": b"2 3"}
    ),
}
FILES: dict[tuple[str, Path], dict[str, Change]] = {
    ("split", RAW): OF_IMAGES | changes("class"),
    ("binarize", TRAIN): OF_IMAGES | changes("row"),
    ("train", TRAIN): OF_IMAGES | changes("row"),
    ("train", TRAIN_LABELS): OF_LABELS | OTHER_ROWS,
    ("evaluate", TEST): OF_IMAGES | OTHER_ROWS,
    ("evaluate", TEST_LABELS): OF_LABELS | OTHER_ROWS,
    ("evaluate", CROSSVAL): OF_LABELS | OF_SCORES | changes("fold"),
}


@pytest.mark.fault
@pytest.mark.parametrize(("stage", "name"), FILES, ids=[f"{stage}-{name.as_posix()}" for stage, name in FILES])
def test_a_file_that_is_not_as_it_should_be_is_refused(
    place: Path, refuse: Callable[[str], str], put: Callable[[Path, bytes | pa.Table], None], stage: str, name: Path
) -> None:
    file = (place / name).read_bytes()
    for what, damage in DAMAGES.items():
        put(name, damage(file))
        assert name.as_posix() in refuse(stage), what
    table = pq.read_table(io.BytesIO(file))
    for what, change in FILES[stage, name].items():
        put(name, change(table))
        assert name.as_posix() in refuse(stage), what


def test_a_label_that_the_model_has_not_seen_is_named(
    place: Path, refuse: Callable[[str], str], put: Callable[[Path, bytes | pa.Table], None]
) -> None:
    table = pq.read_table(place / TEST_LABELS)
    put(TEST_LABELS, set_column(table, "label", [2] * len(table), pa.uint8()))
    assert refuse("evaluate").startswith("five-sgd has not been trained on the label 2")


@pytest.mark.parametrize(("stage", "name"), [("split", RAW), ("train", TRAIN_LABELS), ("evaluate", CROSSVAL)])
def test_a_damaged_file_is_one_line_of_the_program(
    place: Path, put: Callable[[Path, bytes | pa.Table], None], stage: str, name: Path
) -> None:
    put(name, (place / name).read_bytes()[:-20])
    before = tiny.files(place)
    done = tiny.run(["python", "-m", f"stages.{stage}", STAGES[stage][1]], place, status=1)
    assert done.stderr.startswith(f"{stage}: error: {name.as_posix()} cannot be read (")
    assert done.stderr.endswith(f"); {parquet.REMEDY}\n")
    assert (done.stderr.count("\n"), done.stdout) == (1, "")
    assert tiny.files(place) == before


REPORTED = {
    "metrics/five-sgd.json": b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> smoother\n",
    "plots/five-sgd/confusion.csv": b"part,actual,predicted,count,share\ntest,0,0,many,1\n",
    "data/predictions/five-sgd.parquet": b"PAR1 and nothing else",
}


@pytest.mark.fault
@pytest.mark.parametrize("name", REPORTED)
def test_a_damaged_result_is_one_line_of_the_report(
    place: Path, put: Callable[[Path, bytes | pa.Table], None], name: str
) -> None:
    put(Path(name), REPORTED[name])
    done = tiny.run(["python", "-m", "tools.report"], place, status=1)
    assert done.stderr.startswith("report: error: ")
    assert ("five-sgd" if name.startswith("plots/") else name) in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (place / "report.html").exists()


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("stages.fetch digits", b"datasets: 5\n"),
        ("stages.train digits", b"<<<<<<< HEAD\nseed: 1\n=======\nseed: 2\n>>>>>>> smoother\n"),
        ("tools.leaderboard", b"experiments: [five]\n"),
        ("tools.predict 5.png", b"experiments:\n  five: 5\n"),
    ],
    ids=["no section", "conflict", "list", "no block"],
)
def test_a_broken_params_yaml_is_one_line_of_the_programs(tmp_path: Path, command: str, content: bytes) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    script, *arguments = command.split()
    done = tiny.run(["python", "-m", script, *arguments], tmp_path, status=2, PYTHONPATH=str(tiny.ROOT))
    assert done.stderr.startswith(f"{script.partition('.')[2]}: error: params.yaml")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 300
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that nobody reads is another error there")
def test_nobody_reads_the_answer(place: Path) -> None:
    command = [sys.executable, "-m", "tools.predict", "--row", "tiny", "1"]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
        assert process.wait() == 0
