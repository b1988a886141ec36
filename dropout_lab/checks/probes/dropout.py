"""Probes of dropout.py."""
