"""Mistakes in gradcheck.py."""

RIGHT = {}
