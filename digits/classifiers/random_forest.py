"""A forest of randomized trees."""
