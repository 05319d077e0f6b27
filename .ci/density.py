"""Check that the code is plain: `python .ci/density.py FOLDER...` reads all Python files below.

Per statement, it counts the nodes of expressions (a name, a call, a constant, and so on),
because a statement with many of them holds many ideas. It finds assignment expressions (`:=`)
other than as the whole condition of an `if` or `while`, and tuples that are assigned to several
names only to save lines. It exits with status 1 if it finds more than is allowed.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_MEAN = 7.0
MAX_PERCENTILE_95 = 14
MAX_NODES = 40


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that count: no imports, definitions or docstrings."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
            continue
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring:
            yield node


def own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement, without those of the statements inside it."""
    children = list(ast.iter_child_nodes(statement))
    while children:
        node = children.pop()
        if not isinstance(node, ast.stmt):
            yield node
            children.extend(ast.iter_child_nodes(node))


def count_expressions(statement: ast.stmt) -> int:
    """Return the number of expression nodes of a statement."""
    return sum(isinstance(node, ast.expr) for node in own_nodes(statement))


def has_hidden_assignment(statement: ast.stmt) -> bool:
    """Return whether a statement has a `:=` that is not its whole condition."""
    condition = statement.test if isinstance(statement, ast.If | ast.While) else None
    for node in own_nodes(statement):
        if isinstance(node, ast.NamedExpr) and node is not condition:
            return True
    return False


def packs_a_tuple(statement: ast.stmt) -> bool:
    """Return whether a statement assigns the items of a written tuple to several names."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Tuple):
        return False
    return any(isinstance(target, ast.Tuple) for target in statement.targets)


def main() -> None:
    """Check the files below the folders, and print what is wrong."""
    complaints = []
    counts = []
    for folder in sys.argv[1:]:
        for path in sorted(Path(folder).rglob("*.py")):
            for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
                where = f"{path}:{statement.lineno}"
                n_nodes = count_expressions(statement)
                counts.append(n_nodes)
                if n_nodes > MAX_NODES:
                    complaints.append(f"{where}: {n_nodes} expression nodes")
                if has_hidden_assignment(statement):
                    complaints.append(f"{where}: `:=` inside a larger expression")
                if packs_a_tuple(statement):
                    complaints.append(f"{where}: a tuple assigned to save lines")

    mean = statistics.mean(counts)
    percentile_95 = sorted(counts)[int(0.95 * len(counts))]
    if mean > MAX_MEAN or percentile_95 > MAX_PERCENTILE_95:
        complaints.append(
            f"too dense: mean {mean:.2f} of {MAX_MEAN}, 95th percentile {percentile_95} of "
            f"{MAX_PERCENTILE_95} expression nodes per statement"
        )
    print("\n".join(complaints), end="\n" if complaints else "")
    sys.exit(len(complaints) > 0)


if __name__ == "__main__":
    main()
