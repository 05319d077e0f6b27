"""Measurements, each of which prints a table or writes a part of docs/: `python -m bench.cluster`."""

from digits.support import cli  # noqa: F401 (NumPy's environment, and errors in one line, before any other import)
