"""The stages of the pipeline, one module each. `python -m` imports this package first."""

from digits.core.rounding import fix_rounding
from stages import edits

edits.remember_code()  # from now on, an edit of its code fails the stage
fix_rounding()  # before NumPy is imported
