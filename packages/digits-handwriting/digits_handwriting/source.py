"""Read pictures of single digits on paper, in a folder with a subfolder for each class.

The pictures are in subfolders 0 to 9. If all of these have subfolders, as for the writers, they
are the groups. The key `layout` of the dataset describes any other folders. Each digit is drawn
as MNIST's digits were (`shape: [28, 28]`), or as those of scikit-learn (`shape: [8, 8]`,
`pixel_max: 16`), with the code that `digits predict` uses.
"""

from collections.abc import Sequence
from functools import partial

from digits.core.images import Images
from digits.core.pixels import Pixels, Vector
from digits.imaging.picture_files import make_collection
from digits.imaging.pictures import Picture, PictureError
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits.sources import Collection, Source, load_source
from digits_handwriting import components
from digits_handwriting.normalize import SIDES


def open_digits(place: str, dataset: DatasetParams) -> Collection:
    """Return the digits of the pictures of a folder."""
    side = dataset.shape[0]
    if dataset.shape != [side, side] or side not in SIDES:
        shape = " × ".join(map(str, dataset.shape))
        raise UserError(f"draws images of 28 × 28 or 8 × 8 pixels, not of {shape}")
    files = load_source("files").open(place, dataset)
    if files.pictures is None:
        raise UserError("reads picture files, and not arrays or tables of pixels")
    return make_collection(files.rows, files.pictures, dataset, partial(draw, size=side))


def draw(picture: Picture, size: int) -> Pixels:
    """Return the digit of a picture, shape (size, size).

    Raises:
        PictureError: there is no digit, or there are several.
    """
    digits = components.find(picture, size)
    if len(digits) > 1:
        raise PictureError(f"{len(digits)} digits are in the picture; make a picture of each")
    return digits[0].image


def find_doubtful_images(
    images: Images, checksums: Vector, class_names: Sequence[object]
) -> list[str]:
    """Return lines about images that are probably wrong, as the source `files` does."""
    find = load_source("files").find_doubtful_images
    return find(images, checksums, class_names) if find else []


source = Source(open_digits, is_path=True, find_doubtful_images=find_doubtful_images)
