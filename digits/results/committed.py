"""Find results that are not those of the last commit although all inputs are the same."""

import platform
from pathlib import Path

from digits.core import paths
from digits.messages.git import read_committed
from digits.messages.terminal import shorten, warn
from digits.running.dependencies import read_yaml

LOCK = Path("dvc.lock")


def warn_about_processor() -> None:
    """Print one line if models differ from the last commit although their inputs do not.

    Then the processor is probably another one, because all else that matters is an input.
    """
    models = find_other_results()
    if models:
        difference = max(map(difference_of_metrics, models))
        warn(
            f"{shorten(models)}: not the committed results, with the same code, parameters "
            f"and data, because this processor ({platform.machine()}) is another one; metrics "
            f"differ by {difference:.6f} at most; `git checkout HEAD dvc.lock metrics plots "
            "&& dvc pull` takes the committed results back"
        )


def find_other_results() -> list[str]:
    """Return the models of which a stage has other outputs from the same inputs."""
    committed = read_committed(LOCK).get("stages", {})
    models = set()
    stages = read_yaml(LOCK)["stages"] if committed else {}
    for name, entry in stages.items():
        stage, _, model = name.partition("@")
        before = committed.get(name, entry)
        has_same_inputs = entry == {**before, "outs": entry["outs"]}
        # `fetch` is omitted because the images behind an address may change.
        if stage in {"train", "evaluate"} and has_same_inputs and entry != before:
            models.add(model)
    return sorted(models)


def difference_of_metrics(model: str) -> float:
    """Return the largest difference of a metric of a model from the last commit."""
    path = paths.metrics(model)
    committed = read_committed(path)
    now = read_yaml(path) if path.exists() else {}
    return max((abs(now[key] - committed[key]) for key in now.keys() & committed), default=0.0)
