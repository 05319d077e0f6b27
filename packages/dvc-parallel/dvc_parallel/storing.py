"""Put large outputs into DVC's cache while other stages start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from dvc.output import Output
from dvc.stage import Stage
from dvc_data.hashfile.build import build
from dvc_data.hashfile.transfer import transfer

# DVC handles less than that in a fraction of a second.
LARGE_BYTES = 64 * 1024**2
MANY_FILES = 1000


class Storing(Thread):
    """A thread that computes the hashes of the outputs of a stage, and copies them.

    DVC does the same again afterwards. It finds the hashes in its database and the files in its
    cache, as long as nobody has edited an output in between.
    """

    def __init__(self, stage: Stage, no_commit: bool) -> None:
        """Start the thread.

        Args:
            stage: the stage, whose commands have ended.
            no_commit: whether to put nothing into the cache.
        """
        super().__init__(daemon=True)
        self._outs = [out for out in stage.outs if is_stored(out)]
        self._no_commit = no_commit
        self.start()

    def run(self) -> None:
        """Compute and copy. DVC will report an error when it does the same."""
        for out in self._outs:
            with suppress(Exception):
                staging, _, content = build(
                    out.cache,
                    out.fs_path,
                    out.fs,
                    out.hash_name,
                    ignore=out.dvcignore,
                    checksum_jobs=out.fs.hash_jobs,
                )
                if not self._no_commit:
                    links = out.cache.cache_types
                    transfer(
                        staging,
                        out.cache,
                        {content.hash_info},
                        shallow=False,
                        hardlink=links[:1] == ["hardlink"],
                    )


def is_stored(out: Output) -> bool:
    """Return whether an output is a file or folder that DVC will put into its cache."""
    is_here: Any = out.fs.protocol == "local" and out.use_cache and out.is_in_repo
    return bool(is_here) and Path(out.fs_path).exists()


def has_large_outputs(stage: Stage) -> bool:
    """Return whether the outputs of a stage are so large that DVC needs time for them."""
    n_bytes = n_files = 0
    for out in stage.outs:
        if not is_stored(out):
            continue
        for file in list_files(Path(out.fs_path)):
            n_files += 1
            with suppress(OSError):
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
