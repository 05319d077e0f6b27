"""Make a table of the images of a source, and verify it."""
