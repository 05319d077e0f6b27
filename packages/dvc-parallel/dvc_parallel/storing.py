"""Put large outputs into DVC's cache while other stages start.

DVC computes the hashes of outputs and copies them while it holds the lock of the repository.
No other stage could start or be recorded meanwhile. Here, a thread does both beforehand. DVC
then does them again, which is quick: it finds the hashes in its database and the files in its
cache, unless somebody has edited an output in between.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

from dvc.output import Output
from dvc.stage import Stage
from dvc_data.hashfile.build import build
from dvc_data.hashfile.transfer import transfer

# DVC needs only a fraction of a second for less than that.
LARGE_BYTES = 64 * 1024**2
MANY_FILES = 1000


class Storing(Thread):
    """A thread that computes the hashes of the outputs of a stage, and copies them."""

    def __init__(self, stage: Stage, no_commit: bool) -> None:
        """Start the thread.

        Args:
            stage: the stage, whose commands have ended.
            no_commit: whether to put nothing into the cache.
        """
        super().__init__(daemon=True)
        self._outs = list_stored_outputs(stage)
        self._no_commit = no_commit
        self.start()

    def run(self) -> None:
        """Compute the hashes and copy the files."""
        for out in self._outs:
            with suppress(Exception):  # DVC will report it when it does the same again
                store(out, self._no_commit)


def store(out: Output, no_commit: bool) -> None:
    """Compute the hash of an output, and copy it into the cache, as DVC does."""
    staging, _, content = build(
        out.cache,
        out.fs_path,
        out.fs,
        out.hash_name,
        ignore=out.dvcignore,
        checksum_jobs=out.fs.hash_jobs,
    )
    if no_commit:
        return
    uses_hardlinks = out.cache.cache_types[:1] == ["hardlink"]
    hashes = {content.hash_info}
    transfer(staging, out.cache, hashes, shallow=False, hardlink=uses_hardlinks)


def list_stored_outputs(stage: Stage) -> list[Output]:
    """Return the outputs of a stage that DVC will put into its cache, and that exist."""
    return [
        out
        for out in stage.outs
        if out.fs.protocol == "local"
        and out.use_cache
        and out.is_in_repo
        and Path(out.fs_path).exists()
    ]


def has_large_outputs(stage: Stage) -> bool:
    """Return whether the outputs of a stage are so large that DVC needs time for them."""
    n_bytes = n_files = 0
    for out in list_stored_outputs(stage):
        for file in list_files(Path(out.fs_path)):
            n_files += 1
            with suppress(OSError):  # it was deleted just now
                n_bytes += file.stat().st_size
            if n_bytes > LARGE_BYTES or n_files > MANY_FILES:
                return True
    return False


def list_files(path: Path) -> Iterator[Path]:
    """Yield the files of a folder, or the path itself if it is a file."""
    if not path.is_dir():
        yield path
    for folder, _, names in os.walk(path):
        for name in names:
            yield Path(folder, name)
