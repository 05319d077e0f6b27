"""Propose layouts of somebody's images, by a small, closed grammar.

`folders`, `tables` and `arrays` propose layouts, each for a kind of files, and `choose` reads
the files by each of them. The only layout about which `questions` has none is taken. Otherwise,
`asking` shows what is there, the readings that fit, and the option that chooses each.
"""
