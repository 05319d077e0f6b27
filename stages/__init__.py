"""The stages of the pipeline, each a script: `python -m stages.train two-logreg`."""

from digits.common import cli  # noqa: F401 (NumPy's environment, and errors in one line, before any other import)
