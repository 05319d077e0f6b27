"""What the images of a dataset are, in data/datasets/NAME.yaml.

The stage `fetch` writes this file, and Git tracks it like the metrics, so that `git diff` shows
what has changed, and commands need no images for the names of the classes.
"""

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import numpy as np
import yaml
from pydantic import TypeAdapter

from digits.core import paths
from digits.core.files import atomic_write
from digits.core.images import Images
from digits.fetching.background import find_common_background
from digits.fetching.fetch import compute_checksums
from digits.messages.errors import UserError


@dataclass(frozen=True)
class Summary:
    """What the images of a dataset are.

    Attributes:
        images: the number of images.
        classes: the number of images of each class, by its name or, without names, its number.
        groups: the number of groups, or None.
        background: `dark` or `light`, if nearly all images have it, or None.
        sha256: checksums, as `compute_checksums` returns them, and that of the ONNX files.
    """

    images: int
    classes: Mapping[int | str, int]
    groups: int | None = None
    background: str | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def class_names(self) -> list[int | str]:
        """The names of the classes, or their numbers if they have no names."""
        return list(self.classes)


# At most this many images are looked at to find their background.
N_SAMPLES = 1_000


def find_background(images: Images) -> str | None:
    """Return the background that nearly all images have, `dark` or `light`, or None.

    Images in colour have none.
    """
    if len(images.shape) == 3:
        return None
    step = max(1, len(images) // N_SAMPLES)
    return find_common_background(images.X[::step].reshape(-1, *images.shape), images.pixel_max)


def summarize(images: Images, network_checksums: dict[str, str]) -> Summary:
    """Return the summary of some images.

    Args:
        images: the images.
        network_checksums: the checksum of the ONNX files, if there are any.
    """
    counts = np.bincount(images.table["class"]).tolist()
    names = images.class_names or range(len(counts))
    return Summary(
        images=len(images),
        classes=dict(zip(names, counts, strict=True)),
        groups=None if images.groups is None else images.groups.nunique(),
        background=find_background(images),
        sha256=compute_checksums(images) | network_checksums,
    )


def describe_losses(before: Summary, now: Summary) -> list[str]:
    """Return what a dataset has fewer of than before, such as `images: 60 → 59`."""
    counts = [("images", before.images, now.images)]
    counts += [
        (f"class {name}", count, now.classes.get(name, 0))
        for name, count in before.classes.items()
    ]
    return [f"{what}: {old} → {new}" for what, old, new in counts if new < old]


def write_summary(name: str, summary: Summary) -> None:
    """Write the summary of a dataset, without what its images do not have."""
    values = {key: value for key, value in asdict(summary).items() if value is not None}
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    with atomic_write(paths.summary(name)) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_summary(name: str) -> Summary:
    """Read the summary of a dataset.

    Raises:
        UserError: the file is missing or damaged, for example by a conflict of Git.
    """
    path = paths.summary(name)
    remedy = f"run `dvc repro fetch@{name}`"
    try:
        return parse_summary(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} was not found; {remedy}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(
            f"{path} is damaged ({' '.join(str(error).split())}); {remedy}"
        ) from None


def read_committed_summary(name: str) -> Summary | None:
    """Read the summary of a dataset in the last commit, or return None if there is none."""
    command = ["git", "show", f"HEAD:./{paths.summary(name).as_posix()}"]
    with suppress(OSError, subprocess.CalledProcessError, yaml.YAMLError, ValueError):
        return parse_summary(subprocess.check_output(command, stderr=subprocess.DEVNULL))
    return None


def parse_summary(text: str | bytes) -> Summary:
    """Return the content of the file of a summary.

    Raises:
        YAMLError: the text is not YAML.
        ValueError: it has other keys or values.
    """
    return TypeAdapter(Summary).validate_python(yaml.safe_load(text))
