"""The deformation of images, of which `augmented_svc` makes copies."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.imaging.transforms.deformation import (
    BLOCK_SIZE,
    MILD,
    STRONG,
    Strength,
    deform_rows,
    list_blocks,
    make_gaussians,
)

SHAPE = (40, 30)
NONE = Strength(rotation=0, shear=0, scale=0, shift=0, bend=0)


def deform_cross(strength: Strength) -> Any:
    """Return a thousand deformed copies of a bright cross on grey, shape (1000, 40, 30)."""
    cross = np.full(SHAPE, 50, np.uint8)
    cross[8:32, 14:16] = 250
    cross[19:21, 6:24] = 250
    return deform_rows(cross.reshape(1, -1), SHAPE, range(BLOCK_SIZE), 1, strength).reshape(
        -1, *SHAPE
    )


def measure_moments(images: Any) -> tuple[Any, Any]:
    """Return the centres of mass from the middle, and the second moments, of all images.

    The shapes are (2, n_images) and (3, n_images): down, right; and down, right, both.
    """
    ink = images.astype(float) - 50
    ink /= ink.sum(axis=(1, 2), keepdims=True)
    down = np.arange(SHAPE[0])[:, np.newaxis] - (SHAPE[0] - 1) / 2
    right = np.arange(SHAPE[1]) - (SHAPE[1] - 1) / 2
    centres = np.array([(ink * down).sum(axis=(1, 2)), (ink * right).sum(axis=(1, 2))])
    products = [down**2, right**2, down * right]
    return centres, np.array([(ink * product).sum(axis=(1, 2)) for product in products])


@given(first=st.integers(0, 3 * BLOCK_SIZE), n_rows=st.integers(1, 3 * BLOCK_SIZE))
def test_blocks_have_all_rows_in_order(first: int, n_rows: int) -> None:
    blocks = list_blocks(first, first + n_rows)
    assert [row for block in blocks for row in block] == list(range(first, first + n_rows))
    numbers = [{row // BLOCK_SIZE for row in block} for block in blocks]
    assert all(len(number) == 1 for number in numbers)
    assert len(set.union(*numbers)) == len(blocks)


def test_a_row_does_not_depend_on_the_other_rows() -> None:
    rng = np.random.default_rng(0)
    originals = rng.integers(0, 256, (7, 1200), dtype=np.uint8)
    rows = range(BLOCK_SIZE, BLOCK_SIZE + 250)
    many = deform_rows(originals, SHAPE, rows, 1, STRONG)
    few = deform_rows(originals, SHAPE, range(BLOCK_SIZE + 130, BLOCK_SIZE + 150), 1, STRONG)
    assert (many[130:150] == few).all()
    assert not np.array_equal(deform_rows(originals, SHAPE, rows, 2, STRONG), many)


def test_without_strength_nothing_changes() -> None:
    originals = np.random.default_rng(0).integers(0, 256, (3, 1200), dtype=np.uint8)
    copies = deform_rows(originals, SHAPE, range(30), 1, NONE)
    assert (copies == np.tile(originals, (10, 1))).all()


@pytest.mark.parametrize("strength", [MILD, STRONG])
def test_the_background_stays(strength: Strength) -> None:
    copies = deform_cross(strength)
    assert (copies[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 50).all()


def test_images_are_shifted_in_both_directions() -> None:
    centres, _ = measure_moments(deform_cross(NONE._replace(shift=0.05)))
    assert np.abs(centres.mean(axis=1)).max() < 0.3
    np.testing.assert_allclose(centres.std(axis=1), [0.05 * 40, 0.05 * 30], rtol=0.1)
    assert abs(np.corrcoef(centres)[0, 1]) < 0.1


def test_images_are_scaled_in_both_directions() -> None:
    _, moments = measure_moments(deform_cross(NONE._replace(scale=0.05)))
    _, [[down], [right], _] = measure_moments(deform_cross(NONE)[:1])
    heights, widths = np.sqrt(moments[:2] / [[down], [right]])
    assert heights.std() == pytest.approx(0.05, rel=0.15)
    assert widths.std() == pytest.approx(0.05, rel=0.15)
    assert abs(np.corrcoef(heights, widths)[0, 1]) < 0.1


def test_images_are_sheared() -> None:
    _, [down, _, both] = measure_moments(deform_cross(NONE._replace(shear=0.1)))
    assert (both / down).std() == pytest.approx(0.1, rel=0.1)


def test_images_are_rotated() -> None:
    _, [down, right, both] = measure_moments(deform_cross(NONE._replace(rotation=0.1)))
    angles = np.arctan2(2 * both, down - right) / 2
    assert np.tan(angles).std() == pytest.approx(0.1, rel=0.1)
    assert (down + right).std() / (down + right).mean() < 0.02  # their size stays


def test_images_are_bent_by_a_field_with_the_same_strength_at_every_pixel() -> None:
    for size in [8, 28]:
        gaussians = make_gaussians(size)
        np.testing.assert_allclose((gaussians**2).sum(axis=1), 1, atol=1e-3)
    # Near pixels move alike, distant ones do not.
    correlations = gaussians @ gaussians.T
    assert correlations[14, 15] > 0.9
    assert abs(correlations[2, 25]) < 0.1
    bent = deform_cross(NONE._replace(bend=0.03))
    straight = deform_cross(NONE)[:1]
    n_changed = (np.abs(bent.astype(int) - straight) > 20).any(axis=(1, 2)).sum()
    assert n_changed > 990
