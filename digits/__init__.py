"""The library that stages, tools and benchmarks share, by subject."""
