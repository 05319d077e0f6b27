"""Run a stage under DVC: its command line, its guard against edits, its files and its cluster.

No stage depends on this folder, because it changes no output.
"""
