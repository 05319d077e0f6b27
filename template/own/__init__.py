"""The project's own features, classifiers and metrics."""
