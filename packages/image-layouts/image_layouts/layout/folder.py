"""The files of a folder. Listing them and opening each table or array happens only once."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from image_layouts import files as pictures
from image_layouts.errors import LayoutError, shorten
from image_layouts.files import NOT_FOUND, check_file, iterate_files
from image_layouts.layout import array_file
from image_layouts.layout.pattern import Pattern, to_nfc
from image_layouts.layout.table_file import TableFile
from image_layouts.schema import UTF_8


class Folder:
    """The files of a folder, or a single file.

    Attributes:
        root: the folder, or the folder of the file.
        is_file: whether it is a single file, which names no pictures.
        files: the files by their names. The name of a file is its path in the folder, in
            Unicode's form NFC.
        looks: what is known of the pixels of pictures, by their names.
    """

    def __init__(self, path: Path) -> None:
        """List a folder. Files with ignored names are left out.

        Raises:
            LayoutError: there is no such folder or file, `check_file` refuses a file, or the
                folder has a link to a folder that contains it.
        """
        check_file(path)
        if not path.exists():
            raise LayoutError(f"{path} {NOT_FOUND}")
        self.is_file = not path.is_dir()
        self.root = path.parent if self.is_file else path
        self.files: dict[str, Path] = {}
        files = [path] if self.is_file else iterate_files(path)
        for file in files:
            name = to_nfc(file.relative_to(self.root).as_posix())
            if name in self.files:
                raise LayoutError(
                    f"two files are called {name!r}, in Unicode's form NFC; rename one"
                )
            self.files[name] = file
        self.looks: dict[str, Any] = {}
        self._tables: dict[Any, TableFile] = {}
        self._arrays_by_file: dict[str, dict[str, Any]] = {}

    @cached_property
    def pictures(self) -> list[str]:
        """The paths of the pictures."""
        return [name for name, file in self.files.items() if pictures.is_picture_file(file)]

    @cached_property
    def pictures_by_end(self) -> dict[str, list[str]]:
        """The pictures by the ends of their paths, with and without the suffix of the file.

        The picture `a/b/1.png` is in the lists of `a/b/1.png`, `b/1.png`, `1.png`, `a/b/1`,
        `b/1` and `1`.
        """
        found: dict[str, list[str]] = defaultdict(list)
        for picture in self.pictures:
            names = picture.split("/")
            for start in range(len(names)):
                end = "/".join(names[start:])
                for key in {end, posixpath.splitext(end)[0]}:
                    found[key].append(picture)
        return dict(found)

    @cached_property
    def array_files(self) -> list[str]:
        """The paths of the .npz, .npy, .mat and IDX files."""
        return [name for name, file in self.files.items() if array_file.is_array_file(file)]

    def find_arrays(self, pattern: str) -> dict[str, Any]:
        """Return the arrays of all files that may have an array whose name fits a pattern.

        Raises:
            LayoutError: a file cannot be read, or there is no such file.
        """
        # The array `a.npz/x` is in the file `a.npz`, so the start `a.npz` of its name is tried,
        # too. An array of a .npy file has the name of the file.
        levels = pattern.split("/")
        starts = [Pattern("/".join(levels[: n + 1])) for n in range(len(levels))]
        names = [name for name in self.array_files if any(start.fits(name) for start in starts)]
        if not names:
            listed = shorten(self.array_files)
            raise LayoutError(
                f"no array is called {pattern}; the files with arrays are {listed}"
            )
        return self.load_arrays(names)

    def find_array_file(self, name: str) -> str:
        """Return the file that has an array: `a.npz` for `a.npz/x`, and `a.npy` for `a.npy`."""
        return next(
            file for file in self.array_files if name == file or name.startswith(f"{file}/")
        )

    def load_arrays(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the arrays of numbers and strings in files.

        The array of a .npy or IDX file has the name of the file, such as `a.npy`. An array `x`
        in `a.npz` is called `a.npz/x`.

        Raises:
            LayoutError: a file cannot be read.
        """
        arrays: dict[str, Any] = {}
        for name in names:
            if name not in self._arrays_by_file:
                try:
                    self._arrays_by_file[name] = array_file.load_file(self.files[name])
                except Exception as error:  # what a damaged file raises can be anything
                    raise LayoutError(f"{name}: {array_file.explain(error)}") from None
            for key, array in self._arrays_by_file[name].items():
                arrays[f"{name}/{key}" if key else name] = array
        return arrays

    def list_opened_tables(self, name: str) -> list[TableFile]:
        """Return the opened tables of a file, one for each way in which it has been opened."""
        return [table for key, table in self._tables.items() if key[0] == name]

    def open_table(
        self, name: str, separator: str = ",", encoding: str = UTF_8, *, header: bool = True
    ) -> TableFile:
        """Return the table of a file. Its arguments have the meaning of `TablePart`'s keys."""
        key = (name, separator, encoding, header)
        if key not in self._tables:
            self._tables[key] = TableFile(self.files[name], separator, encoding, header=header)
        return self._tables[key]
