"""dvc.lock, which DVC writes in place: a run that is killed meanwhile leaves it cut off.

A lock that is cut off mostly parses, and `dvc repro TARGET` goes on without the lost stages. Git has them.
"""

import subprocess
from pathlib import Path
from typing import Any

from digits.results.wording import listed
from digits.support import parameters
from digits.support.errors import ParameterError, PipelineError

LOCK = Path("dvc.lock")


def parse(text: str) -> dict[str, Any]:
    """Return the content of a lock; a PipelineError if it is cut off or damaged. An empty text has no stages."""
    try:
        content = dict(parameters.parse(text or "stages: {}\n", LOCK).values)
    except ParameterError:
        content = {}
    if not isinstance(content.get("stages"), dict) or text[-1:] not in ("\n", ""):
        raise PipelineError(f"{LOCK} is cut off or damaged")
    return content


def read() -> dict[str, Any]:
    """Return the content of dvc.lock; a PipelineError if it is damaged. A missing file has no stages."""
    return parse(LOCK.read_text(encoding="utf-8", errors="replace") if LOCK.exists() else "")


def committed() -> str:
    """Return the text of the last commit's dvc.lock; "" if there is none."""
    show = subprocess.run(["git", "show", f"HEAD:./{LOCK}"], capture_output=True, check=False)
    return show.stdout.decode(errors="replace")


def outputs(entry: Any) -> set[str]:
    """Return the paths of the outputs that a stage's entry, which may be cut off, records with digest and size."""
    outs = entry.get("outs") if isinstance(entry, dict) else None
    return {out["path"] for out in outs or [] if isinstance(out, dict) and {"path", "md5", "size"} <= out.keys()}


def fault() -> str | None:
    """Return in a line that dvc.lock is damaged, or what it has lost since the last commit, and the remedy.

    None if it is intact, or not here: DVC does not delete it. What dvc.yaml no longer declares is not lost.
    """
    if not LOCK.exists():
        return None
    before, text = committed(), LOCK.read_text(encoding="utf-8", errors="replace")
    if text == before:
        return None
    is_cut, names = not text.endswith("\n"), []
    try:
        names = _lost(parse(before)["stages"], parse(text[: text.rfind("\n") + 1])["stages"])
    except PipelineError:
        is_cut = True
    if not (is_cut or names):
        return None
    what = f"has lost {listed(names)} since the last commit" if names else "is cut off or damaged"
    remedy = f"`git checkout HEAD {LOCK}`" if before else f"`rm {LOCK}`, then `dvc repro`"
    return f"{LOCK} {what}; {remedy if is_cut else f'`dvc repro` or {remedy}'}"


def require_intact() -> None:
    """Raise a PipelineError if dvc.lock is damaged or has lost stages."""
    if line := fault():
        raise PipelineError(line)


def _lost(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the stages of `before` that dvc.yaml declares and of which `now` lacks an output, its digest or size."""
    gone = {name: outputs(entry) - outputs(now.get(name)) for name, entry in before.items()}
    if not any(gone.values()):
        return []
    from dvc.dvcfile import load_file  # half a second that an intact lock does not need
    from dvc.repo import Repo
    from dvc.stage.loader import StageLoader

    with Repo(".") as repo:
        file = load_file(repo, "dvc.yaml")
        stages = StageLoader(file, file.contents)  # not `file.stages`, which reads the lock
        return [name for name, paths in gone.items() if name in stages and paths & {*map(str, stages[name].outs)}]
