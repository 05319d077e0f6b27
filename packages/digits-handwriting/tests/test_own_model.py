"""Train a model on one's own handwriting, as packages/digits-handwriting/docs/handwriting.md says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests.helpers import tiny
from tests.helpers.calls import call

N_PICTURES = 60
SIDE = 48  # pixels of a digit's picture


def read_entries() -> dict[str, Any]:
    """Return the entries of params.yaml that the page shows."""
    page = (tiny.HANDWRITING / "docs" / "handwriting.md").read_text(encoding="utf-8")
    [text] = re.findall(r"^```yaml\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    entries: dict[str, Any] = yaml.safe_load(text)
    return entries


def write_pictures(folder: Path) -> None:
    """Write pictures of single digits in dark ink on paper."""
    pixels, classes = tiny.digits()
    for index in range(N_PICTURES):
        digit = 230 - 12 * pixels[index].reshape(tiny.SHAPE)
        large = Image.fromarray(digit).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        page = Image.new("L", (2 * SIDE, 2 * SIDE), 230)
        page.paste(large, (SIDE // 2, SIDE // 2))
        path = folder / str(classes[index]) / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.save(path)


@pytest.mark.slow
def test_a_model_is_trained_on_pictures_in_the_folder(tmp_path: Path) -> None:
    write_pictures(tmp_path / "data/own")
    changes = {}
    for section, entries in read_entries().items():
        for name, entry in entries.items():
            changes[f"{section}.{name}"] = entry
    tiny.edit(tmp_path, changes)
    call(tmp_path, "check")
    printed = call(tmp_path, "fetch", "own").stdout
    assert f"{N_PICTURES} images of 10 classes" in printed
    call(tmp_path, "split", "own")
    call(tmp_path, "binarize", "own-digit")
    call(tmp_path, "train", "own-digit-svc")
    call(tmp_path, "evaluate", "own-digit-svc")
    text = (tmp_path / "metrics/own-digit-svc.json").read_text(encoding="utf-8")
    metrics = json.loads(text)
    assert metrics["cv_accuracy"] > 0.7
    assert metrics["accuracy"] > 0.7
