"""Drawings kept under the digits that they show: FOLDER/<digit>/<number>.png, which the source `handwriting` reads.

The numbers go on over all digits, so that the order of the names is the order of drawing.
"""

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

from digits import pictures
from digits.core.command import report_os_errors
from digits.core.errors import PipelineError
from digits.core.files import write_whole
from digits.handwriting import source as handwriting

from PIL import Image

DIGITS = tuple("0123456789")


class Collection:
    """A folder of drawings. Only what this object has added is ever deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._added: list[Path] = []

    def state(self) -> dict[str, Any]:
        """Return the folder, the number of pictures of each digit in it, and the name of the last that was added."""
        counts = [
            sum(not path.name.startswith(".") for path in self.folder.glob(f"{digit}/*"))
            for digit in DIGITS
        ]
        last = self._added[-1].relative_to(self.folder).as_posix() if self._added else None
        return {"folder": str(self.folder), "counts": counts, "last": last}

    def add(self, digit: str, content: bytes) -> None:
        """Keep the content of an image file as a grey PNG; a PictureError if there is not exactly one digit in it."""
        picture = pictures.read(io.BytesIO(content))
        handwriting.draw(picture, handwriting.SIDES[0])
        names = (path.stem for path in self.folder.glob("[0-9]/*.png"))
        last = max((int(name) for name in names if name.isdecimal()), default=0)
        path = self.folder / digit / f"{last + 1:04}.png"
        with report_os_errors():
            try:
                with write_whole(path) as temporary:
                    Image.fromarray(picture.grey).save(temporary, "PNG")
            finally:
                delete_if_empty(path.parent)
        self._added.append(path)

    def delete_last(self, name: str) -> bytes:
        """Delete the last drawing that was added and return its content; a PipelineError if its name is another."""
        if name != self.state()["last"]:
            raise PipelineError(f"{name!r} is not the last file that was kept; reload the page")
        path = self._added.pop()
        with report_os_errors():
            content = path.read_bytes()
            path.unlink()
        delete_if_empty(path.parent)
        return content


def delete_if_empty(folder: Path) -> None:
    """Delete the folder of a digit if it is empty, because the source refuses an empty folder."""
    with suppress(OSError):  # it is not empty
        folder.rmdir()
