"""Packages of one module, as pip installs them."""

from pathlib import Path


def install_package(site: Path, name: str, code: str, *, has_metadata: bool = True) -> None:
    """Write a package into a folder, and what pip records of it."""
    (site / name).mkdir(parents=True)
    (site / name / "__init__.py").write_text(code, encoding="utf-8")
    if has_metadata:
        folder = site / f"{name}-1.dist-info"
        folder.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
        (folder / "METADATA").write_text(metadata, encoding="utf-8")
        (folder / "top_level.txt").write_text(name, encoding="utf-8")
