"""Mistakes in dropout.py."""

RIGHT = {}
