"""The stages of the pipeline, one module each. `python -m` imports this package first."""

from digits.core.rounding import fix_rounding
from digits.settings import edits

# This must happen before a stage imports NumPy and the modules that compute.
edits.remember_code()
fix_rounding()
