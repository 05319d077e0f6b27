"""What somebody brings that is not one class per image: it is refused, or there is a doubt."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from digits.commands.pin import compute_pinned_values, list_classes
from digits.commands.start import look_at
from digits.data.intake import recognize
from digits.data.intake.overview import describe_images
from digits.data.intake.scope import (
    NO_FEATURES,
    NO_QUANTITIES,
    NO_SEVERAL_LABELS,
    list_doubts,
)
from digits.settings.errors import UserError
from tests.helpers import tiny

N_IMAGES = 24
PIXELS = (tiny.digits()[0][:N_IMAGES] * 15).reshape(-1, 8, 8)
NUMBERS = np.arange(N_IMAGES)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of one's own images, which is empty."""
    monkeypatch.chdir(tmp_path)
    folder = Path("data/own")
    folder.mkdir(parents=True)
    return folder


def write_pictures(place: Path, columns: dict[str, object]) -> None:
    """Write pictures, and a table with their names and other columns."""
    names = [f"{number}.png" for number in NUMBERS]
    for name, pixels in zip(names, PIXELS, strict=True):
        Image.fromarray(pixels).save(place / name)
    pd.DataFrame({"file": names} | columns).to_csv(place / "labels.csv", index=False)


def understand(place: Path, **columns: str) -> str:
    """Return what `digits start` says of the images, with columns that the user has chosen."""
    kind, source = recognize.find_source(place, columns)
    look = look_at(recognize.open_source(kind, source, columns))
    entry = {"sources": [{kind: str(source)}], "shape": look.shape, "columns": columns}
    values, X, images = compute_pinned_values("own", entry)
    return "\n".join(describe_images(X, images, list_classes(values), None))


def test_ages_become_classes_with_a_doubt(place: Path) -> None:
    write_pictures(place, {"age": 20 + NUMBERS % 12})
    said = understand(place, **{"class": "age"})
    assert said.startswith("24 images of 12 classes: 20 2, 21 2, ")
    assert f"If it is a quantity, such as an age: {NO_QUANTITIES}" in said


def test_decimals_are_refused(place: Path) -> None:
    write_pictures(place, {"weight": 8.224 + NUMBERS})
    with pytest.raises(UserError) as refused:
        understand(place)
    line = f"a weight is '8.224', expected whole numbers, or names; {NO_QUANTITIES}"
    assert line in refused.value.message


def test_columns_of_several_labels_are_refused(place: Path) -> None:
    write_pictures(place, {"cat": NUMBERS % 2, "dog": NUMBERS // 2 % 2, "car": 1})
    with pytest.raises(UserError) as refused:
        understand(place)
    assert "cat, dog, car" in refused.value.message
    assert refused.value.message.endswith(NO_SEVERAL_LABELS)


def test_a_second_label_after_the_first_rows_is_refused(place: Path) -> None:
    # The columns are understood by their first fifty values.
    table = pd.DataFrame({"file": [f"{number}.png" for number in range(60)]})
    table["cat"] = np.arange(60) % 2
    table["dog"] = 1 - table["cat"]
    table.loc[59, ["cat", "dog"]] = 1
    write_pictures(place, {})
    for number in range(60):
        (place / f"{number}.png").write_bytes((place / "0.png").read_bytes())
    table.to_csv(place / "labels.csv", index=False)
    with pytest.raises(UserError, match="several classes, or none; this project gives"):
        understand(place)


def test_labels_in_one_cell_become_classes_with_a_doubt(place: Path) -> None:
    write_pictures(place, {"label": np.array(["cat", "dog", "cat|dog"])[NUMBERS % 3]})
    assert f"'cat|dog' is a class of its own: {NO_SEVERAL_LABELS}" in understand(place)


def test_a_picture_with_two_rows_is_refused(place: Path) -> None:
    write_pictures(place, {"label": NUMBERS % 2})
    with (place / "labels.csv").open("a") as file:
        file.write("0.png,1\n")
    with pytest.raises(UserError) as refused:
        understand(place)
    assert "1 pictures are in two rows, first 0.png" in refused.value.message
    assert refused.value.message.endswith(NO_SEVERAL_LABELS)


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        (4, 5.1, "images of 2 × 2 values cannot be used"),
        (13, 40, "images of 13 values cannot be used"),
        (
            25,
            5.1,
            "the column x0 has the value 5.1, but pixels are whole numbers from 0 to 255",
        ),
    ],
    ids=["iris", "wine", "measurements"],
)
def test_a_table_of_features_is_refused(
    place: Path, columns: int, values: float, message: str
) -> None:
    table = pd.DataFrame({f"x{number}": [values] * 9 for number in range(columns)})
    table.assign(species=["a", "b", "c"] * 3).to_csv(place / "table.csv", index=False)
    with pytest.raises(UserError) as refused:
        understand(place)
    assert message in refused.value.message
    assert refused.value.message.endswith(NO_FEATURES)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(range(10), id="digits"),
        pytest.param(range(1, 27), id="letters from 1"),
        pytest.param([0, 1, 2, 4, 5, 6, 8, 9], id="some digits"),
        pytest.param(["10", "20", "30"], id="few numbers"),
        pytest.param(["cat", "dog", "cat, dog and bird"], id="a name with a comma"),
        pytest.param([*map(str, range(20, 40)), "old"], id="numbers and a name"),
    ],
)
def test_usual_classes_give_no_doubt(names: list[object]) -> None:
    assert list_doubts(names) == []


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(range(20, 32), id="ages"),
        pytest.param(["100", "150", "200", "250", "300", "350", "400", "450"], id="grams"),
        pytest.param(["a", "b", "a;b"], id="several labels"),
    ],
)
def test_unusual_classes_give_a_doubt(names: list[object]) -> None:
    assert len(list_doubts(names)) == 1
