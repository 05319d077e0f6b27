"""Propose layouts of somebody's images for `digits start`.

A layout is what the key `layout` of params.yaml has: a pattern, a list of patterns, or a
mapping, as docs/layout.md describes it. `choose` reads each proposal strictly, takes the only
one that makes sense, and lets the owner choose if several do. A proposal may thus be wrong.

- `folders`, `tables` and `arrays` propose, each for a kind of files. Their function `propose`
  returns layouts, and sentences about why files are not used.
- `masks` finds pictures that are no images, `series` pictures that belong together, and
  `single_images` arrays that are not read.
- `doubts` says why a layout is probably wrong, `hints` what the owner should look at, and
  `advice` what to do about files of other formats.
- `image_traits` finds out what images look like, for the new params.yaml.
- `carry_over` is for datasets that were recorded before there were layouts.
"""
