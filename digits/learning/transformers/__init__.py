"""Transformers of images, for the pipelines of `digits/features/`."""
