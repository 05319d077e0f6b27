"""`digits show`: images in the terminal and on a sheet, with predictions, and the mistakes."""

import re
import sys
from pathlib import Path

from digits.results import drawing
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest
from PIL import Image

PIXELS, CLASSES = tiny.digits()


def shown(project: Path, *arguments: str) -> list[tuple[int, int, str, int]]:
    """Return row, digit, name of the prediction and its probability in percent of each caption."""
    text = call(project, "show", "tiny", *arguments).stdout
    found = re.findall(r"tiny (\d+): (\d), predicted ((?:not )?\d) \((?:> )?(\d+) %\)", text)
    return [(int(row), int(digit), name, int(percent)) for row, digit, name, percent in found]


def test_digits_by_number_side_by_side(made: Path) -> None:
    caption, *lines = call(made, "show", "tiny", "7", "0-2").stdout.splitlines()
    assert re.findall(r"tiny \d: \d", caption) == [f"tiny {row}: {CLASSES[row]}" for row in (7, 0, 1, 2)]
    drawn = np.array([list(line.ljust(16)[:16]) for line in lines[:8]])[:, ::2]
    darkness = np.vectorize(drawing.SHADES.index)(drawn)
    assert darkness.tolist() == np.round(PIXELS[7].reshape(8, 8) / 16 * 9).astype(int).tolist()


def test_by_label_the_first_or_others_each_time(made: Path) -> None:
    texts = [call(made, "show", "tiny", "--label", "5", each, "5").stdout for each in ("--limit", *["--random"] * 2)]
    first, *drawn = (re.findall(r"tiny (\d+): 5", text) for text in texts)
    assert first == [*map(str, np.flatnonzero(CLASSES == 5)[:5])]
    assert [len({*each}) for each in drawn] == [5, 5]
    assert drawn[0] != drawn[1]  # but once in 10 million


def test_the_predictions_of_the_test_part_in_its_order_and_out_of_fold_by_number(made: Path) -> None:
    predictions = pd.read_parquet(made / "data/predictions/five-sgd.parquet")["prediction"][:10]
    expected = [(300 + i, CLASSES[300 + i], ["not 5", "5"][label]) for i, label in enumerate(predictions)]
    assert [each[:3] for each in shown(made, "--predictions", "five-sgd")] == expected
    note = call(made, "show", "tiny", "--predictions", "five-sgd").stderr
    assert note == "the first 10 of 100; --limit N shows up to 1000\n"
    names = pd.read_parquet(made / "data/crossval/five-sgd.parquet").set_index("row")["prediction"]
    expected = [(row, CLASSES[row], ["not 5", "5"][names[row]]) for row in (15, 5)]
    found = shown(made, "15", "5", "--predictions", "five-sgd", "--part", "train")
    assert [each[:3] for each in found] == expected


def test_mistakes_of_ten_classes_are_all_there_the_most_confident_first(made: Path) -> None:
    table = pd.read_parquet(made / "data/predictions/digit-logreg.parquet")
    scores = np.sort(table.filter(like="decision_"))
    wrong = table.assign(by=scores[:, -2] - scores[:, -1]).query("label != prediction").sort_values("by")
    expected = [(row, digit, str(name)) for row, digit, name in wrong[["row", "label", "prediction"]].to_numpy()]
    assert expected
    assert [each[:3] for each in shown(made, "--mistakes", "digit-logreg", "--limit", "100")] == expected
    note = call(made, "show", "tiny", "--mistakes", "digit-logreg").stderr
    assert note.startswith("not calibrated: digit-logreg has no folds")


def test_mistakes_of_two_classes_have_calibrated_probabilities(made: Path) -> None:
    table = pd.read_parquet(made / "data/crossval/five-sgd.parquet").query("label != prediction")
    wrong = table.assign(sure=table["decision_1"].abs()).sort_values("sure", ascending=False)
    [temperature] = re.findall(r"temperature,all,([\d.]+)", (made / "plots/five-sgd/figures.csv").read_text())
    percent = (100 / (1 + np.exp(-wrong["sure"] / float(temperature)))).round()
    found = shown(made, "--mistakes", "five-sgd", "--part", "train")
    assert [(row, share) for row, _, _, share in found] == [*zip(wrong["row"], percent, strict=True)]


def test_a_sheet(made: Path, tmp_path: Path) -> None:
    call(made, "show", "tiny", "0-29", "--png", str(tmp_path / "sheet.png"))
    grey = np.asarray(Image.open(tmp_path / "sheet.png").convert("L"))
    cell = grey[36 : 36 + 136, 16 : 16 + 136].reshape(8, 17, 8, 17)[:, 8, :, 8]
    assert cell.tolist() == (255 - PIXELS[0].reshape(8, 8).astype(int) * 255 // 16).tolist()


def test_what_is_in_a_dataset(made: Path) -> None:
    first, columns, values, *_ = lines = call(made, "show", "tiny").stdout.splitlines()
    assert (first, values) == ("tiny: 400 images of 8 x 8", "pixels: 0 to 16")
    assert columns == "columns: pixel1 to pixel64 (row by row, uint8), class"
    assert [int(line.split()[1]) for line in lines[6:]] == np.bincount(CLASSES).tolist()


def test_greys_in_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    drawing.print_images(PIXELS[:1].reshape(1, 8, 8), [""])
    text = capsys.readouterr().out
    assert text.count("\u2580") == 8 * 8 / 2
    assert "\x1b[38;5;" in text


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_failure(made: Path) -> None:
    assert tiny.run(["bash", "-c", "set -o pipefail; digits show tiny 0-399 | head -1"], made, status=1).stderr == ""


def test_what_cannot_be_shown_is_one_line(made: Path) -> None:
    for arguments, line in {
        "tinny 1": "DATASET: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny.",
        "tiny 400": "tiny has no image 400; allowed: 0 to 399",
        "tiny 15 --predictions five-sgd": "not in the test part: 15; --part chooses the other",
        "tiny --predictions digit-logreg --part train": "digit-logreg has no folds",
    }.items():
        assert failure(made, "show", *arguments.split()).startswith(f"Error: {line}")
