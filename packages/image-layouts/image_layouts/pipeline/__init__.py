"""What the pipeline `digits` finds of this package by its entry points."""
