"""Run the stages of any DVC project, several at a time.

This package imports nothing from the rest of the project. Copy the folder into another project,
and run it with `python -m`.
"""
