"""Read somebody's images, and check their classes, groups and ids."""
