"""Handwriting: opening pictures, finding digits in them, and asking a trained model what they are."""
