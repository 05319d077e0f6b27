"""Models, loaded only if they are the files that dvc.lock records: to load a model is to run the code in it.

The lock is in Git; the models come from a cache that others can write to.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from digits.io import paths
from digits.io.files import require
from digits.learning import models
from digits.support.errors import PipelineError

import yaml
from sklearn.pipeline import Pipeline


def load_model(experiment: str, shape: Sequence[int]) -> Pipeline:
    """Load an experiment's model for images of a height and width, if it is the file that dvc.lock records."""
    path, stage, (height, width) = paths.model(experiment), f"train@{experiment}", shape
    require(path, stage)
    content = path.read_bytes()  # once: what is checked is what is loaded
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != _recorded(path, stage):
        raise PipelineError(
            f"{path} is not the file that dvc.lock records, so it is not loaded; `dvc checkout {path.as_posix()}` gets "
            f"that one back, `dvc repro --force {stage}` makes it again, `dvc commit {stage}` records this one"
        )
    model = models.load(path, io.BytesIO(content))
    if model[0].n_features_in_ != height * width:
        raise PipelineError(
            f"{path} takes images of {model[0].n_features_in_} pixels, its dataset's are {height} × {width} now; "
            f"`dvc repro {stage}` makes it again"
        )
    return model


def _recorded(path: Path, stage: str) -> str | None:
    """Return the MD5 that dvc.lock records for a model; None where it records none."""
    try:
        stages = yaml.load(Path("dvc.lock").read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"]
        return {out["path"]: out["md5"] for out in stages[stage]["outs"]}.get(path.as_posix())
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):  # no lock, no such stage, or no lock of DVC's
        return None
