"""A single decision tree."""
