"""Sources of images, one module each.

The module of a source has a function `read(place, dataset)`. It returns what `make_images` in
digits/data/images.py returns, or raises a UserError whose message gives the reason in a few
words.

With `NEEDS_NETWORK = True` in the module, an error says what to do without network. With
`MIRROR_KIND = "idx"`, the environment variable DATA_MIRROR is tried before the source: a folder
or an address whose subfolder of the dataset's name is read by the source `idx`. With
`READS_FILES = True`, the place is a file or a folder, which DVC should store. With
`READS_PICTURES = True`, the dataset may have a `network`, whose features of each picture are
the column `network` of the table.

Other packages add sources as entry points of the group `digits.sources`.
"""

from pathlib import Path

from digits.settings.errors import UserError

NOT_FOUND = (
    "was not found; put your images there, or correct the name; `dvc pull` fetches what was "
    "shared by `dvc push`"
)

NO_FILE = "is neither a file nor a folder; delete it"


def is_special(path: Path) -> bool:
    """Return whether there is something that is neither a file nor a folder, such as a pipe.

    To read it might never end.
    """
    return path.exists() and not (path.is_file() or path.is_dir())


def check_not_special(path: Path) -> None:
    """Check that a path is not that of a pipe or a device.

    Raises:
        UserError: it is.
    """
    if is_special(path):
        raise UserError(f"{path.name!r} {NO_FILE}")


def check_place(path: Path) -> None:
    """Check that there is a file or a folder.

    Raises:
        UserError: there is none.
    """
    check_not_special(path)
    if not path.exists():
        raise UserError(NOT_FOUND)


def describe_network_error(error: BaseException) -> str:
    """Return what the operating system says of a failed request, such as `Connection refused`.

    The message of a HTTP client is long, because it repeats the address at each of its layers.
    If the operating system says nothing, this returns the message all the same.
    """
    cause = error
    while inner := cause.__cause__ or cause.__context__:
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error) or type(error).__name__
