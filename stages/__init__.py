"""The stages of the pipeline, one module each. `python -m` imports this package first."""

from digits.core.rounding import fix_rounding
from digits.settings import edits

edits.code_at_start()
fix_rounding()
