"""Features, a module each set: a new one needs no other edit than its own file (docs/extending.md)."""
