"""A forest of extremely randomized trees."""
