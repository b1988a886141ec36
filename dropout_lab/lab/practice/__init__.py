"""Judges of what is built in a notebook, a module for each lesson. Practice: no points."""
