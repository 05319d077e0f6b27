"""The summary of a dataset, in data/datasets/NAME.yaml.

The stage `fetch` writes this file, and Git tracks it like the metrics, so that `git diff` shows
what has changed, and commands need no images for the names of the classes.
"""

import numpy as np
import yaml
from pydantic import BaseModel

from digits.core import paths
from digits.core.files import atomic_write
from digits.core.images import Images, list_classes
from digits.fetching.fetch import compute_checksums
from digits.imaging.background import find_common_background
from digits.messages.errors import UserError

# In a larger dataset, the background is judged from about this many images.
N_SAMPLES = 1_000

NETWORK_CHECKSUM = "network"  # the key of the checksum of the ONNX files


class Summary(BaseModel, frozen=True):
    """The summary of a dataset.

    Attributes:
        images: the number of images.
        classes: the number of images of each class, by its name or, without names, its number.
        groups: the number of groups, or None.
        background: `dark` or `light`, if nearly all images have it, or None.
        sha256: checksums, as `compute_checksums` returns them, and that of the ONNX files of
            the dataset's `network`, if there are any.
    """

    images: int
    classes: dict[int | str, int]
    groups: int | None = None
    background: str | None = None
    sha256: dict[str, str] = {}

    @property
    def class_names(self) -> list[int | str]:
        """The names of the classes, or their numbers if they have no names."""
        return list(self.classes)


def summarize(images: Images, network_checksum: str | None = None) -> Summary:
    """Return the summary of a dataset.

    Args:
        images: all images of the dataset.
        network_checksum: the checksum of the ONNX files, or None if there are none.
    """
    counts = np.bincount(images.classes).tolist()
    # By the background, `digits predict` decides whether to invert a grey image.
    background = None
    if len(images.format.shape) == 2:
        step = max(1, len(images) // N_SAMPLES)
        background = find_common_background(images.pixels[::step], images.format.pixel_max)
    checksums = compute_checksums(images)
    if network_checksum is not None:
        checksums[NETWORK_CHECKSUM] = network_checksum
    return Summary(
        images=len(images),
        classes=dict(zip(list_classes(images), counts, strict=True)),
        groups=None if images.groups is None else images.groups.nunique(),
        background=background,
        sha256=checksums,
    )


def write_summary(name: str, summary: Summary) -> None:
    """Write the summary of a dataset, without the keys whose value is None."""
    values = summary.model_dump(exclude_none=True)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    with atomic_write(paths.summary(name)) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_summary(name: str) -> Summary:
    """Read the summary of a dataset.

    Raises:
        UserError: the file is missing or damaged, for example by an unresolved merge conflict.
    """
    path = paths.summary(name)
    remedy = f"run `dvc repro fetch@{name}`"
    try:
        return Summary.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path} was not found; {remedy}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); {remedy}") from None
