"""What `make venv` does to an environment that is there already."""

from pathlib import Path

import pytest

from tests.helpers import tiny


@pytest.mark.variant
def test_an_environment_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    project = tmp_path / "project"
    tiny.copy_repository(project)
    used_elsewhere = tmp_path / "elsewhere"
    used_elsewhere.mkdir()
    (used_elsewhere / "package").touch()
    (project / ".venv").symlink_to(used_elsewhere)
    done = tiny.run("make venv", project, status=2)
    assert ".venv is a link, and what it leads to may be in use elsewhere" in done.stderr
    assert [path.name for path in used_elsewhere.iterdir()] == ["package"]
