"""More images than there are: which rows they are, and that nothing but the seed decides about them."""

import numpy as np
import pytest

from digits.sources import enlarged
from digits.sources.readers import Form, Images, together
from tests import tiny

PIXELS, CLASSES = tiny.digits()
FIRST, TO = 300, 4_700


def enlarge(pieces: int, to: int = TO, seed: int = 1) -> Images:
    parts = [Images(*some) for some in zip(np.split(PIXELS, pieces), np.split(CLASSES, pieces), strict=True)]
    return together(enlarged.enlarged(iter(parts), Form(400, tiny.SHAPE, []), FIRST, to, seed))


def test_the_dataset_s_own_images_are_the_first_and_the_last() -> None:
    images = enlarge(pieces=4)
    assert len(images.pixels) == len(images.classes) == TO
    assert np.array_equal(images.pixels[:FIRST], PIXELS[:FIRST])
    assert np.array_equal(images.pixels[FIRST - 400 :], PIXELS[FIRST:])
    assert np.array_equal(images.classes[FIRST - 400 :], CLASSES[FIRST:])


def test_the_others_are_the_first_ones_in_turn_each_another_way() -> None:
    images = enlarge(pieces=1)
    made = images.pixels[FIRST : 14 * FIRST].reshape(13, FIRST, 64)
    assert np.array_equal(images.classes[FIRST : 2 * FIRST], CLASSES[:FIRST])
    assert not (made == PIXELS[:FIRST]).all(axis=2).any()
    assert not (made[0] == made[1]).all(axis=1).any()


def test_a_row_does_not_depend_on_how_many_there_are_nor_on_who_makes_them() -> None:
    few, many = enlarge(pieces=1, to=1_234), enlarge(pieces=2)
    own = slice(FIRST, 1_234 - 100)
    assert np.array_equal(few.pixels[own], many.pixels[own])
    alone = enlarged.deformed(PIXELS[:FIRST], tiny.SHAPE, range(1_777, 3_003), seed=1)
    assert np.array_equal(alone, many.pixels[1_777:3_003])
    assert not np.array_equal(enlarge(pieces=1, seed=2).pixels[own], few.pixels[own])


def test_no_two_rows_are_deformed_alike() -> None:
    made = enlarged.deformed(PIXELS[:1], tiny.SHAPE, range(3_000), seed=1)
    assert len(np.unique(made, axis=0)) == 3_000


def test_without_a_random_number_an_image_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TURN", "SLANT", "SCALE", "SHIFT", "BEND"):
        monkeypatch.setattr(enlarged, name, 0)
    assert np.array_equal(enlarged.deformed(PIXELS, tiny.SHAPE, range(400), seed=1), PIXELS)


def test_an_image_that_is_deformed_a_little_is_most_like_its_own_original(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TURN": 0.05, "SLANT": 0.05, "SCALE": 0.02, "SHIFT": 0.01, "BEND": 0.01}.items():
        monkeypatch.setattr(enlarged, name, value)
    made = enlarged.deformed(PIXELS, tiny.SHAPE, range(400, 800), seed=1)
    assert not (made == PIXELS).all(axis=1).any()
    alike = np.corrcoef(made, PIXELS)[:400, 400:]
    assert (alike.argmax(axis=1) == np.arange(400)).mean() > 0.9


def test_a_shift_moves_what_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TURN", "SLANT", "SCALE", "BEND"):
        monkeypatch.setattr(enlarged, name, 0)
    monkeypatch.setattr(enlarged, "SHIFT", 1e6)  # out of the picture
    assert enlarged.deformed(PIXELS, tiny.SHAPE, range(400), seed=1).max() == 0
