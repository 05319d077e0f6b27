"""Deformed copies are the same if a Dask cluster makes them."""

from pathlib import Path

from tests.core.test_cluster import run_cluster
from tests.helpers import tiny

import pytest


@pytest.mark.slow
def test_a_cluster_makes_the_same_copies(tmp_path: Path) -> None:
    tiny.write_idx_files(tmp_path / "idx")
    tiny.edit(tmp_path, {})
    (tmp_path / "enlarged.yaml").write_text("tiny: {first: 300, to: 15_000, seed: 1}")
    fetch = "python -m digits.scale.fetch tiny"
    tiny.run(fetch, tmp_path)
    files_without_cluster = tiny.files(tmp_path)
    with run_cluster() as address:
        tiny.run(fetch, tmp_path, DASK_SCHEDULER_ADDRESS=address)
    assert tiny.files(tmp_path) == files_without_cluster
