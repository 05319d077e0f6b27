"""Read images strictly by their layout, which digits/settings/layout.py describes."""
