"""The classifiers, a module each: a new one needs no other edit than its own file (digits/learning/registry.py)."""
