"""Say in the terminal what is wrong.

No stage depends on this folder, because it changes no output.
"""
