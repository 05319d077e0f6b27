"""Write the tutorials' notebooks, each its section of docs/tutorials.md; `make notebook` executes them.

The scripts of bench/tutorials/ begin with the sections' titles, and the notebooks have their names.
"""

import ast
import re
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorials.md"
BLOCK = re.compile(r"```python\n(.*?)\n```(?:\n\n```text\n.*?```)?", re.DOTALL)  # the notebook prints its own output
TO_THE_PROJECT = """from pathlib import Path

if not Path("params.yaml").exists():
    %cd -q ../.."""


def notebooks() -> dict[str, Any]:
    """Return the notebooks, not executed, by the names of their files."""
    page = PAGE.read_text(encoding="utf-8")
    made = {}
    for script in sorted((ROOT / "bench" / "tutorials").glob("[!m]*.py")):
        title = re.split("[,:.]", ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "")[0]
        section = re.split(f"^## {title}$", page, flags=re.MULTILINE)[1].partition("\n## ")[0]
        section = re.sub(r"\]\((?=[^)#:]+[).#])", "](../", section).replace("](#", "](../tutorials.md#")
        text, *parts = BLOCK.split(section.strip())
        new = nbformat.v4.new_notebook(metadata={"kernelspec": {"display_name": "Python 3", "name": "python3"}})
        sources = [f"# {title}\n\n{text.strip()}", TO_THE_PROJECT, *(part.strip() for part in parts)]
        for i, source in enumerate(filter(None, sources)):
            is_code = source in parts or source == TO_THE_PROJECT
            cell = nbformat.v4.new_code_cell if is_code else nbformat.v4.new_markdown_cell
            new.cells.append(cell(source, id=str(i)))  # type: ignore[no-untyped-call]
        made[f"{script.stem}.ipynb"] = new
    return made


if __name__ == "__main__":
    for name, notebook in notebooks().items():
        nbformat.write(notebook, ROOT / "docs" / "notebooks" / name)  # type: ignore[no-untyped-call]
