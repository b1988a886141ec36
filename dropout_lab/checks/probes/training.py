"""Probes of training.py."""
