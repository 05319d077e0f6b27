"""Fetch the images of a dataset, split them, and label them."""
