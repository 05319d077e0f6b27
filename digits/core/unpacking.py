"""Refuse decompression bombs: files of a few megabytes that unpack to gigabytes."""

from typing import IO
from zipfile import ZipFile

# Real pictures and tables unpack to at most 40 times their size.
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
        compressed_size = sum(member.compress_size for member in members)
        size = sum(member.file_size for member in members)
        check_size(compressed_size, size)
        for member in members:
            if member.filename.endswith(".npz"):  # a sparse matrix in a model file
                check_zip(archive.open(member))


def check_size(compressed_size: int, size: int, remedy: str = "") -> None:
    """Check that a file does not unpack to too much.

    Args:
        compressed_size: the size of the file in bytes.
        size: the size of its unpacked content in bytes.
        remedy: what to do if it is too large, such as "; unpack it".

    Raises:
        ValueError: it is too large.
    """
    allowed = max(ALLOWED_BYTES, MAX_RATIO * compressed_size)
    if size > allowed:
        raise ValueError(
            f"its {compressed_size / 1e6:.1f} MB unpack to more than {allowed / 1e6:,.0f} MB, "
            f"the limit for a file of this size{remedy}"
        )
