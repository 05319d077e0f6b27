"""Measurements of accuracy and speed for the pages. `python -m` imports this package first."""

from digits.core.rounding import fix_rounding

fix_rounding()
