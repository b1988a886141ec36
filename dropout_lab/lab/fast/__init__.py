"""Dropout and a training step as fast as NumPy goes, and how that is measured."""
