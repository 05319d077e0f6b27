"""Propose layouts of somebody's images for `digits start`, by a small, closed grammar.

A layout is a value of the key `layout` of params.yaml. image-layouts/docs/layout.md describes
it. `folders`, `tables` and `arrays` propose layouts, each for a kind of files, and `choose`
reads the files by each of them. The only layout about which `questions` has none is taken.
Otherwise, `asking` shows what is there, the readings that fit, and the line to type for each.
"""
