"""What a person runs beside the pipeline: `python -m tools.show mnist 0-9`."""

from digits.common import cli  # noqa: F401 (NumPy's environment, and errors in one line, before any other import)
