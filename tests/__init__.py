"""The tests. Pytest imports this package first."""

from digits.core.rounding import fix_rounding

fix_rounding()
