"""A linear support vector machine for each class against the rest, fitted by liblinear."""
