"""Check the settings, dvc.lock and the metrics: `make test`."""

import json
import subprocess
import unittest
from pathlib import Path


def run(command: str) -> str:
    """Run a command, and return what it prints."""
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


class TestProject(unittest.TestCase):
    def test_the_settings_are_valid(self) -> None:
        run("digits check")

    def test_dvc_lock_is_complete(self) -> None:
        printed = run("dvc repro --dry --allow-missing --keep-going")
        assert "Data and pipelines are up to date" in printed

    def test_some_model_is_better_than_guessing(self) -> None:
        metrics = [json.loads(path.read_text()) for path in Path("metrics").glob("*.json")]
        assert any(values["accuracy"] > values["baseline"] for values in metrics)
