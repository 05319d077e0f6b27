"""Run the stages of a DVC project: `python -m dvc_parallel`."""

from .cli import main

main()
