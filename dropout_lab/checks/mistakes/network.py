"""Mistakes in network.py."""

RIGHT = {}
