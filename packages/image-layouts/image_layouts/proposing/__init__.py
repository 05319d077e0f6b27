"""Propose layouts of somebody's images for `digits start`.

A layout is a value of the key `layout` of params.yaml. image-layouts/docs/layout.md describes
it. Proposals may be wrong: `choose` reads the files by each of them, and drops a proposal that
fails. If one remains, `choose` takes it. If several remain, the owner chooses.

- `folders`, `tables` and `arrays` propose, each for a kind of files. Their function `propose`
  returns layouts, and sentences about why files are not used.
- `masks` finds pictures that are no images, `name_groups` pictures that belong together, and
  `single_images` arrays that are not read.
- `doubts` says why a layout is probably wrong, `hints` what the owner should look at, and
  `advice` what to do about files of other formats.
- `image_traits` finds out what images look like, for the new params.yaml.
"""
