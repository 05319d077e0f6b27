"""Say what the pipeline has found.

No stage depends on this folder, because it changes no output.
"""
