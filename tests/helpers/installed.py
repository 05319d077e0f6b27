"""Packages of one module, in a folder of installed packages."""

from pathlib import Path


def install_package(site: Path, name: str, code: str) -> None:
    """Write a package into a folder."""
    (site / name).mkdir(parents=True)
    (site / name / "__init__.py").write_text(code, encoding="utf-8")
