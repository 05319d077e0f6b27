"""Sources of images, one module each.

The module of a source has a function `read(place, dataset)`. The place is the value of the
source in params.yaml. The function returns what `make_images` in digits/data/images.py returns,
or raises a UserError whose message gives the reason in a few words.

The module may have these constants:

- `NEEDS_NETWORK = True`: an error says what to do without network.
- `MIRROR_KIND = "idx"`: the environment variable DATA_MIRROR is tried before the place. It is a
  folder or an address, whose subfolder of the dataset's name the source `idx` reads.
- `READS_FILES = True`: the place is a file or a folder, which DVC should store.
- `READS_PICTURES = True`: the dataset may have a `network`. Its features of each picture are
  then the column `network` of the table.

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
    """Return whether a path is neither a file nor a folder, but for example a pipe.

    Reading a pipe may wait for ever.
    """
    return path.exists() and not (path.is_file() or path.is_dir())


def check_not_special(path: Path) -> None:
    """Check that a path is no pipe or device.

    Raises:
        UserError: it is one.
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
    inner: BaseException | None = error
    while inner is not None:
        cause = inner
        inner = cause.__cause__ or cause.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error) or type(error).__name__
