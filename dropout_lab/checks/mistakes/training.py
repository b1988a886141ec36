"""Mistakes in training.py."""

RIGHT = {}
