"""Measurements, each of which prints a table and writes it into a page: `python -m bench.champion`."""
