"""Mistakes in noise.py."""

RIGHT = {}
