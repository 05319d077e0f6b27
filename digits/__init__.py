"""A reproducible digit-recognition pipeline with DVC and scikit-learn."""
