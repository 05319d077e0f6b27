"""The package travels: as a wheel, into another environment, with a model that somebody shared."""

import re
import shutil
import sys
import sysconfig
import venv
from pathlib import Path

from tests import tiny

import pytest


def test_the_pinned_environment_is_that_of_the_lock() -> None:
    pinned = re.findall("^[^#].+", (tiny.ROOT / "environment.txt").read_text(encoding="utf-8"), re.MULTILINE)
    locked = re.findall(r"^([\w.-]+==\S+)", (tiny.ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(pinned) > 0
    assert set(pinned) <= set(locked)


@pytest.mark.slow
def test_a_shared_model_is_loaded_by_the_three_lines_of_its_page_where_only_the_wheel_is(
    made: Path, tmp_path: Path
) -> None:
    """The environment has this one's libraries, but not this repository: it sees no editable installation."""
    source, elsewhere = tmp_path / "source", tmp_path / "elsewhere"
    for folder in ("digits", "stages"):
        shutil.copytree(tiny.ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "LICENSE"):
        shutil.copy(tiny.ROOT / file, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    tiny.run([*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), "."], source)
    (wheel,) = tmp_path.glob("digits-*.whl")

    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env/bin/python"
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    tiny.run([*pip, "--python", str(python), "install", "--quiet", "--no-index", "--no-deps", str(wheel)], tmp_path)

    elsewhere.mkdir()
    tiny.run(["dvc", "get", "-o", "digit-champion.skops", str(made), "models/five-sgd.skops"], elsewhere)
    page = (tiny.ROOT / "models/README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(lines.splitlines()) == 3
    given = "import numpy as np\nX = np.zeros((2, 64), np.uint8)\n"
    program = f"{given}{lines}\nimport digits; print(digits.__file__, model.predict(X))"
    printed = tiny.run([str(python), "-c", program], elsewhere, PYTHONPATH="").stdout
    assert printed.startswith(str(site))
    assert printed.split()[-2:] == ["[0", "0]"]
