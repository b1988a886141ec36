"""Figures of the lessons, a file for each topic."""
