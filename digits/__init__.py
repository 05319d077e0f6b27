"""A reproducible image-recognition pipeline, built on DVC and scikit-learn."""
