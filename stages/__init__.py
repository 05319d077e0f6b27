"""The stages of the pipeline, one module each. `python -m` imports this package first."""

from digits.core.rounding import fix_rounding
from digits.running import edits as edits  # remembers the code as it is now

fix_rounding()  # before NumPy is imported
