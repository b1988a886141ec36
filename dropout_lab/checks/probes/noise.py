"""Probes of noise.py."""
