"""Drawings kept under the digits that they show: FOLDER/<digit>/<number>.png, which the source `handwriting` reads.

The numbers go on over all digits, so that the order of the names is the order of drawing.
"""

import io
import os
from pathlib import Path
from threading import Lock

from digits.handwriting import source as handwriting
from digits.io import files
from digits.support import pictures
from digits.support.errors import ParameterError, PipelineError

from PIL import Image

DIGITS = tuple("0123456789")
MOST = 10_000  # drawings in the folder


class RefusedError(PipelineError):
    """A request that the folder does not allow now: it is full, or there is nothing to take back."""


class Collection:
    """A folder of drawings. Only what this object has added is ever deleted."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise ParameterError(f"--keep: {folder} is no folder")
        self.folder = folder
        self._added: list[Path] = []
        self._lock = Lock()  # requests come in two threads

    def counts(self) -> list[int]:
        """Return how many pictures of each digit are in the folder."""
        return [sum(not path.name.startswith(".") for path in self.folder.glob(f"{digit}/*")) for digit in DIGITS]

    def added(self) -> int:
        """Return how many drawings can be taken back."""
        return len(self._added)

    def add(self, digit: str, content: bytes) -> None:
        """Keep a drawing as a grey PNG file, the same for every program that reads it later.

        Args:
            digit: what it shows, `0` to `9`.
            content: of an image file.

        Raises:
            PictureError: it is no image, or not exactly one digit is found in it.
            RefusedError: the folder has as many pictures as it may.
            PipelineError: the file cannot be written.
        """
        picture = pictures.read(io.BytesIO(content))
        handwriting.draw(picture, handwriting.SIDES[0])
        file = io.BytesIO()
        Image.fromarray(picture.grey).save(file, "PNG")
        with self._lock:
            if sum(self.counts()) >= MOST:
                raise RefusedError(f"{self.folder} has {MOST} pictures, the most that it may")
            path = self.folder / digit / f"{self._last() + 1:04}.png"
            if path.parent.is_symlink():
                raise RefusedError(f"{path.parent} is a link to elsewhere")
            write_new(path, file.getvalue())
            self._added.append(path)

    def undo(self) -> tuple[str, bytes]:
        """Delete the last drawing that was added and return its digit and its content.

        Raises:
            RefusedError: nothing has been added, or it is there no longer.
        """
        with self._lock:
            if not self._added:
                raise RefusedError("there is nothing to take back")
            path = self._added.pop()
            try:
                content = path.read_bytes()
                path.unlink()
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()  # the source refuses an empty one
            except OSError as error:
                raise RefusedError(f"{path}: {error.strerror}") from None
            return path.parent.name, content

    def _last(self) -> int:
        names = (path.stem for path in self.folder.glob("[0-9]/*.png"))
        return max((int(name) for name in names if name.isdecimal()), default=0)


def write_new(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and never in the place of another one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with files.writable(path):
        try:
            temporary.write_bytes(content)
            os.link(temporary, path)  # a rename would replace what another program has just written there
        finally:
            files.delete(temporary)
