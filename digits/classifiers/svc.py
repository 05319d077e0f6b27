"""A support vector machine for each pair of classes."""
