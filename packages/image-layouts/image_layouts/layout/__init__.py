"""Read images strictly by their layout.

How a layout becomes a table of images:

1. `parse` in image_layouts/schema.py finds its parts: pictures, tables or arrays.
2. A `Folder` lists the files.
3. `read_files`, `read_table` and `read_arrays` return the `LabelledImages` of a part.
4. `read_layout` joins them into one, and lists what no part uses.
5. `check_reading` refuses pictures that no part uses, and wrong classes, groups and ids.
"""
