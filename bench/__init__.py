"""Benchmarks: scripts that measure something, and write tables into pages of docs/."""
