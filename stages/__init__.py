"""The stages of the pipeline, one module each. `python -m` imports this package first."""

from digits.core.rounding import fix_rounding

fix_rounding()
