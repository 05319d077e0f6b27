"""Read and validate params.yaml, of which DVC tracks each value that a stage reads.

No stage depends on this folder, because it changes no output.
"""
