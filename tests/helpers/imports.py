"""What a module imports, without importing it."""

import ast
from pathlib import Path


def list_imported_names(path: Path) -> set[str]:
    """Return the modules, and the names in modules, that a file imports, with dots."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    return imported
