"""Keep drawings in files FOLDER/<digit>/<number>.png, which the source `handwriting` reads.

All digits share one sequence of numbers, so that the names are in the order of drawing.
"""

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from digits.core.files import atomic_write
from digits.imaging import pictures
from digits.messages.errors import UserError, report_os_errors
from digits_handwriting import source
from digits_handwriting.normalize import MNIST_SIDE

DIGITS = tuple("0123456789")


class Collection:
    """A folder of drawings. Only what this object has added is ever deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._added: list[Path] = []

    def state(self) -> dict[str, Any]:
        """Return what the page shows about the folder.

        Returns:
            the folder, the number of pictures of each digit, and the name of the picture that
            was added last, or None.
        """
        counts = []
        for digit in DIGITS:
            names = [path.name for path in self.folder.glob(f"{digit}/*")]
            visible = [name for name in names if not name.startswith(".")]
            counts.append(len(visible))
        last = self._added[-1].relative_to(self.folder).as_posix() if self._added else None
        return {"folder": str(self.folder), "counts": counts, "last": last}

    def add(self, digit: str, content: bytes) -> None:
        """Keep a picture as a grey PNG file.

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
                delete_if_empty(path.parent)
        self._added.append(path)

    def delete_last(self, name: str) -> bytes:
        """Delete the picture that was added last.

        Args:
            name: the expected name of the picture.

        Returns:
            the content of the file.

        Raises:
            UserError: the last picture has another name, or cannot be deleted.
        """
        if name != self.state()["last"]:
            raise UserError(f"{name!r} is not the last file that was kept; reload the page")
        path = self._added[-1]
        with report_os_errors():
            content = path.read_bytes()
            path.unlink()
        self._added.pop()
        delete_if_empty(path.parent)
        return content


def delete_if_empty(folder: Path) -> None:
    """Delete the folder of a digit if it is empty, because the source refuses empty folders."""
    with suppress(OSError):  # the folder is not empty
        folder.rmdir()
