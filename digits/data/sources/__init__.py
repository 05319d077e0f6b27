"""The kinds of sources of this project, a module each, with a `source`."""
