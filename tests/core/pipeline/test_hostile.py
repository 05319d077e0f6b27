"""Files that are damaged, or of another kind, in the place of those that each program reads."""

import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from digits.io import parquet, paths
from digits.support.errors import ParameterError, PipelineError
from stages import evaluate, split, train
from tests import aftermath, tiny

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Damage = Callable[[bytes], bytes]
Change = Callable[[pa.Table], pa.Table]
Refusal = Callable[[str, Path, bytes | pa.Table], str]

RAW, CROSSVAL = paths.raw("tiny"), paths.out_of_fold("five-sgd")
TRAIN, TEST = (paths.split("tiny", part) for part in ("train", "test"))
TRAIN_LABELS, TEST_LABELS = (paths.labels("five-sgd", part) for part in ("train", "test"))
CONFLICT = b"<<<<<<< HEAD\nseed: 1\n=======\nseed: 2\n>>>>>>> smoother\n"
STAGES: dict[str, ModuleType] = {"split": split, "train": train, "evaluate": evaluate}


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the made project; what a test changes in it, it puts back."""
    return tiny.copy(made, tmp_path_factory.mktemp("hostile") / "tiny")


@contextmanager
def replaced(path: Path, content: bytes | pa.Table) -> Iterator[None]:
    """Put something in a file's place until the block ends."""
    before = path.read_bytes()
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(content, path)
    try:
        yield
    finally:
        path.write_bytes(before)


@pytest.fixture
def refusal(place: Path, monkeypatch: pytest.MonkeyPatch) -> Refusal:
    """Return a function that runs a stage, in this process, on a file with another content, and returns its error."""
    monkeypatch.chdir(place)

    def written() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.suffix != ".pyc" and path.is_file()}

    def run(stage: str, name: Path, content: bytes | pa.Table) -> str:
        monkeypatch.setattr(sys, "argv", [f"{stage}.py", "tiny" if stage == "split" else "five-sgd"])
        with replaced(place / name, content):
            before = written()
            with pytest.raises(PipelineError) as error:
                STAGES[stage].main()
            assert written() == before
        assert not isinstance(error.value, ParameterError)
        assert len(str(error.value)) < 500
        return str(error.value)

    return run


def without_content(file: bytes) -> bytes:
    """Return a file whose footer is as it was, and all before it zero."""
    footer = int.from_bytes(file[-8:-4], "little") + 8
    return b"PAR1" + bytes(len(file) - footer - 4) + file[-footer:]


DAMAGES: dict[str, Damage] = {
    "empty": lambda file: b"",
    "a half": lambda file: file[: len(file) // 2],
    "no content": without_content,
}


def set_column(table: pa.Table, name: str, values: Any, kind: pa.DataType | None = None) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, kind))


def changes(name: str) -> dict[str, Change]:
    """Return what may be wrong with a column of whole numbers."""
    return {
        f"no {name}": lambda table: table.drop_columns([name]),
        f"a null in {name}": lambda table: set_column(
            table, name, [*table[name].to_pylist()[:-1], None], table.schema.field(name).type
        ),
        f"{name} as a fraction": lambda table: set_column(table, name, table[name].to_pylist(), pa.float64()),
    }


OF_ALL: dict[str, Change] = {
    "no rows": lambda table: table.slice(0, 0),
    "one more column": lambda table: table.append_column("weight", pa.array(np.ones(len(table)))),
}
OF_IMAGES = OF_ALL | {
    "no shape": lambda table: table.replace_schema_metadata(None),
    "a wrong shape": lambda table: table.replace_schema_metadata({"image_shape": "8x9", "maximum": "16"}),
    "pixels in another order": lambda table: table.select(["pixel2", "pixel1", *table.column_names[2:]]),
    **changes("pixel7"),
}
OF_LABELS = OF_ALL | changes("label")
OTHER_ROWS: dict[str, Change] = {
    "a row less": lambda table: table.slice(1),
    "rows in another order": lambda table: table.take(np.arange(len(table))[::-1]),
}
OF_SCORES: dict[str, Change] = {
    "no scores": lambda table: table.drop_columns([table.column_names[-1]]),
    "scores in whole numbers": lambda table: set_column(table, table.column_names[-1], [0] * len(table)),
    "scores of no method": lambda table: table.rename_columns([*table.column_names[:-1], "score_1"]),
}
FILES: dict[tuple[str, Path], dict[str, Change]] = {
    ("split", RAW): OF_IMAGES | changes("class"),
    ("train", TRAIN_LABELS): OF_LABELS | OTHER_ROWS,
    ("evaluate", TEST): OF_IMAGES | OTHER_ROWS,
    ("evaluate", CROSSVAL): OF_LABELS | OF_SCORES,
}


@pytest.mark.fault
@pytest.mark.parametrize("case", aftermath.slow_except([("train", TRAIN_LABELS)], FILES))
def test_a_file_that_is_not_as_it_should_be_is_refused(place: Path, refusal: Refusal, case: tuple[str, Path]) -> None:
    stage, name = case
    file = (place / name).read_bytes()
    table = pq.read_table(io.BytesIO(file))
    contents = {what: damage(file) for what, damage in DAMAGES.items()}
    contents |= {what: change(table) for what, change in FILES[case].items()}
    for what, content in contents.items():
        assert name.as_posix() in refusal(stage, name, content), what


def test_a_label_that_the_model_has_not_seen_is_named(place: Path, refusal: Refusal) -> None:
    table = pq.read_table(place / TEST_LABELS)
    other = set_column(table, "label", [2] * len(table), pa.uint8())
    assert refusal("evaluate", TEST_LABELS, other).startswith("five-sgd was trained on no image of the label 2, which")


def test_a_damaged_file_is_one_line_of_the_stage(place: Path) -> None:
    before = tiny.files(place)
    with replaced(place / TRAIN_LABELS, b""):
        line = tiny.failure("python -m stages.train five-sgd", place)
    assert line.startswith(f"train: error: {TRAIN_LABELS.as_posix()} cannot be read (")
    assert line.endswith(f"); {parquet.REMEDY}")
    assert tiny.files(place) == before


@pytest.mark.fault
@pytest.mark.parametrize("value", aftermath.slow_except(["NaN"], ["NaN", "Infinity", "1e308", "-1", "[" * 100_000]))
def test_metrics_that_are_edited_into_nonsense_are_one_line(place: Path, value: str) -> None:
    name = "metrics/five-sgd.json"
    edited = re.sub('"accuracy": [0-9.]+', f'"accuracy": {value}', (place / name).read_text())
    with replaced(place / name, edited.encode()):
        assert tiny.failure("digits leaderboard", place).startswith(f"leaderboard: error: {name} is damaged (")
    name = "plots/five-sgd/figures.csv"
    edited = re.sub("(?m)^test,accuracy,all,.*", "test,accuracy,all,nan,0,1", (place / name).read_text())
    with replaced(place / name, edited.encode()):
        assert tiny.failure("digits leaderboard", place).startswith(f"leaderboard: error: {name} is damaged (")


def test_a_closed_standard_output_is_one_line(place: Path) -> None:
    for command, name in (("digits leaderboard", "leaderboard"), ("python -m stages.fetch tiny", "fetch")):
        line = tiny.failure(["sh", "-c", f"{command} >&-"], place)
        assert line == f"{name}: error: standard output is closed"
    assert tiny.run(["sh", "-c", "digits leaderboard 2>&-"], place).stdout


@pytest.mark.fault
def test_a_damaged_result_is_one_line_of_the_leaderboard(place: Path) -> None:
    name = "metrics/five-sgd.json"
    with replaced(place / name, CONFLICT):
        line = tiny.failure("digits leaderboard", place)
    assert line.startswith(f"leaderboard: error: {name} is damaged (")
