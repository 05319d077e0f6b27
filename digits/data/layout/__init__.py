"""Read images strictly by their layout.

How a layout becomes a table of images:

1. `parse` in digits/settings/layout.py makes parts of it: pictures, tables or arrays.
2. A `Place` lists the files, and opens each table and each file of arrays once.
3. `read_files`, `read_table` and `read_arrays` return the images of a part: a table with a row
   for each, and a function that yields their pictures or pixels.
4. `read_layout` joins the parts to a `Collection`, and says what none of them uses.
5. `open_place` in digits/data/sources/files.py refuses what is wrong, and `read_collection` in
   digits/data/intake/collection.py reads the pixels.
"""
