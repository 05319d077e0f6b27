"""More images than there are: which rows they are, and that nothing but the seed decides about them."""

from digits.learning import deformation
from digits.scale import augmentation
from digits.sources import Batch
from digits.support.errors import ParameterError
from digits.support.parameters import Dataset
from tests import tiny

import numpy as np
import pytest

PIXELS, CLASSES = tiny.digits()
SHAPE = list(tiny.SHAPE)
FIRST, TO = 300, 4_700


def enlarge(pieces: int, to: int = TO, seed: int = 1) -> Batch:
    batches = [Batch(*batch) for batch in zip(np.split(PIXELS, pieces), np.split(CLASSES, pieces), strict=True)]
    block = {**tiny.dataset({"idx": "idx"}), "enlarged": {"first": FIRST, "to": to, "seed": seed}}
    return tiny.together(augmentation.enlarge(iter(batches), Dataset.model_validate(block)))


def test_the_dataset_s_own_images_are_the_first_and_the_last() -> None:
    images = enlarge(pieces=4)
    assert len(images.pixels) == len(images.classes) == TO
    assert np.array_equal(images.pixels[:FIRST], PIXELS[:FIRST])
    assert np.array_equal(images.pixels[FIRST - 400 :], PIXELS[FIRST:])
    assert np.array_equal(images.classes[FIRST - 400 :], CLASSES[FIRST:])
    assert np.array_equal(enlarge(pieces=1, to=len(PIXELS)).pixels, PIXELS)


def test_the_others_are_the_first_ones_in_turn_each_another_way() -> None:
    images = enlarge(pieces=1)
    made = images.pixels[FIRST : 14 * FIRST].reshape(13, FIRST, 64)
    assert np.array_equal(images.classes[FIRST : 2 * FIRST], CLASSES[:FIRST])
    assert images.origin is not None
    assert images.origin[: 14 * FIRST].tolist() == 14 * list(range(FIRST))
    assert images.origin[FIRST - 400 :].tolist() == list(range(TO - 100, TO))
    assert not (made == PIXELS[:FIRST]).all(axis=2).any()
    assert not (made[0] == made[1]).all(axis=1).any()


def test_a_row_does_not_depend_on_how_many_there_are_nor_on_who_makes_them() -> None:
    few, many = enlarge(pieces=1, to=1_234), enlarge(pieces=2)
    own = slice(FIRST, 1_234 - 100)
    assert np.array_equal(few.pixels[own], many.pixels[own])
    alone = deformation.deformed(PIXELS[:FIRST], SHAPE, range(1_777, 2_000), seed=1)
    assert np.array_equal(alone, many.pixels[1_777:2_000])
    assert not np.array_equal(enlarge(pieces=1, seed=2).pixels[own], few.pixels[own])


def test_a_copy_is_of_the_image_s_group_by_its_name() -> None:
    group = np.repeat(np.arange(2, dtype=np.uint32), len(PIXELS) // 2)
    given = Batch(PIXELS, CLASSES, group=group, group_names=["anna", "bo"])
    block = {**tiny.dataset({"idx": "idx"}), "enlarged": {"first": FIRST, "to": TO, "seed": 1}}
    images = tiny.together(augmentation.enlarge(iter([given]), Dataset.model_validate(block)))
    assert images.group_names == ["anna", "bo"]
    assert images.group is not None
    assert np.array_equal(images.group[FIRST : 2 * FIRST], group[:FIRST])


def test_copies_of_an_image_may_not_be_in_both_parts() -> None:
    origin = np.array([0, 1, 2, 0, 1, 5], np.uint32)
    augmentation.require_apart(np.array([0, 1, 2, 3, 4]), np.array([5]), origin)
    with pytest.raises(ParameterError, match="test: 2 would put copies of one image into both parts; use a count of"):
        augmentation.require_apart(np.array([0, 1, 2, 3]), np.array([4, 5]), origin)
