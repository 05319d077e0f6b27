"""Propose layouts of somebody's images for `digits start`. Nothing else depends on it.

One module for each family of forms proposes layouts: `folders`, `tables` and `arrays`. What
they propose may be wrong. `choose` reads each proposal strictly, and lets the owner choose if
several make sense.
"""
