"""Run the pipeline for several models at a time, for the command `digits repro`."""
