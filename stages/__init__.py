"""The stages of the pipeline, one module per stage. Each of them imports this file first."""

from digits.core.rounding import fix_rounding
from digits.running import edits as edits  # its import takes a snapshot of the code

fix_rounding()  # before NumPy is imported
