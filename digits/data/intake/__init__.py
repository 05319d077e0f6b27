"""Somebody's images: what is known of them, and checks of what they and their classes are."""
