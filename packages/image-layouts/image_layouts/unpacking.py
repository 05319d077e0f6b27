"""Refuse decompression bombs: files of a few megabytes that unpack to gigabytes."""

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
        file: the archive, opened.

    Raises:
        ValueError: its members are too large.
        BadZipFile: it is no archive.
    """
    with ZipFile(file) as archive:
        members = archive.infolist()
        n_packed = sum(member.compress_size for member in members)
        n_unpacked = sum(member.file_size for member in members)
        check_size(n_packed, n_unpacked)
        for member in members:
            if member.filename.endswith(".npz"):  # a sparse matrix in a model file
                check_zip(archive.open(member))


def check_gzip(path: Path) -> None:
    """Unpack a file in gzip piece by piece, and check how large its content is.

    Raises:
        ValueError: it is too large.
        OSError: the file cannot be opened, or is damaged.
        EOFError: the file is cut off.
    """
    n_packed = path.stat().st_size
    n_unpacked = 0
    with gzip.open(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            n_unpacked += len(chunk)
            check_size(n_packed, n_unpacked, "; unpack it by gunzip, if you trust it")


def check_size(n_packed: int, n_unpacked: int, remedy: str = "") -> None:
    """Check that a file does not unpack to too much.

    Args:
        n_packed: the size of the file in bytes.
        n_unpacked: the size of its content when unpacked, in bytes.
        remedy: what to do if it is too large, such as "; unpack it".

    Raises:
        ValueError: it is too large.
    """
    allowed = max(ALLOWED_BYTES, MAX_RATIO * n_packed)
    if n_unpacked > allowed:
        raise ValueError(
            f"its {n_packed / 1e6:.1f} MB unpack to more than {allowed / 1e6:,.0f} MB, the "
            f"limit for a file of this size{remedy}"
        )
