"""Keep drawings in files FOLDER/<digit>/<number>.png, which the source `handwriting` reads.

All digits share one sequence of numbers, so that the names are in the order of drawing.
"""

import io
from contextlib import suppress
from pathlib import Path

from PIL import Image

from digits.core.files import atomic_write
from digits.imaging import pictures
from digits.messages.errors import report_os_errors
from digits_handwriting import source
from digits_handwriting.normalize import MNIST_SIDE

DIGITS = tuple("0123456789")


class Drawings:
    """A folder of drawings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def count(self) -> list[int]:
        """Return the number of pictures of each digit."""
        return [len(list(self.folder.glob(f"{digit}/[!.]*"))) for digit in DIGITS]

    def add(self, digit: str, content: bytes) -> str:
        """Keep a picture as a grey PNG file, and return its name.

        Args:
            digit: the digit that it shows.
            content: the content of an image file.

        Raises:
            PictureError: there is not exactly one digit in the picture.
            UserError: the file cannot be written.
        """
        picture = pictures.read(io.BytesIO(content))
        source.draw(picture, MNIST_SIDE)  # raises an error unless there is one digit
        names = [path.stem for path in self.folder.glob("[0-9]/*.png")]
        highest = max((int(name) for name in names if name.isdecimal()), default=0)
        path = self.folder / digit / f"{highest + 1:04}.png"
        with report_os_errors():
            try:
                with atomic_write(path) as temporary:
                    Image.fromarray(picture.grey).save(temporary, "PNG")
            finally:
                # The source refuses an empty folder. Any other folder stays.
                with suppress(OSError):
                    path.parent.rmdir()
        return path.relative_to(self.folder).as_posix()
