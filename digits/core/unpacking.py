"""Refuse files that unpack to far more than they hold, before they take the memory.

A file of 5 MB can hold 5 GB of zeros.
"""

import gzip
from pathlib import Path
from typing import IO
from zipfile import ZipFile

# Black and white pictures and tables of zeros unpack to 10 to 40 times their size.
MAX_RATIO = 50
# A small file may unpack to this many bytes.
ALLOWED_BYTES = 100_000_000
CHUNK_BYTES = 2**20


def check_zip(file: IO[bytes]) -> None:
    """Check the sizes that an archive, such as an .npz file, declares for its members.

    Args:
        file: the archive, opened. It may hold other .npz files.

    Raises:
        ValueError: its members are too large.
        BadZipFile: it is no archive.
    """
    with ZipFile(file) as archive:
        members = archive.infolist()
        size = sum(member.compress_size for member in members)
        check_size(size, sum(member.file_size for member in members))
        for member in members:
            if member.filename.endswith(".npz"):
                check_zip(archive.open(member))


def check_gzip(path: Path) -> None:
    """Unpack a file in gzip piece by piece, and check how large its content is.

    Raises:
        ValueError: it is too large.
        OSError: the file cannot be opened, or is damaged.
        EOFError: the file is cut off.
    """
    size = path.stat().st_size
    n_bytes = 0
    with gzip.open(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            n_bytes += len(chunk)
            check_size(size, n_bytes, "; unpack it by gunzip, if you trust it")


def check_size(size: int, n_bytes: int, remedy: str = "") -> None:
    """Check that a file does not unpack to too much.

    Args:
        size: the size of the file in bytes.
        n_bytes: the size of its content when unpacked, in bytes.
        remedy: what to do if it is too large, such as "; unpack it".

    Raises:
        ValueError: it is too large.
    """
    allowed = max(ALLOWED_BYTES, MAX_RATIO * size)
    if n_bytes > allowed:
        raise ValueError(
            f"its {size / 1e6:.1f} MB unpack to more than {allowed / 1e6:,.0f} MB, the most "
            f"that a packed file of this size may have{remedy}"
        )
