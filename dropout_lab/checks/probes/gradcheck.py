"""Probes of gradcheck.py."""
