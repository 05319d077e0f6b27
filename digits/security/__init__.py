"""Refuse what could run code or end the process.

No stage depends on this folder, because it changes no output.
"""
