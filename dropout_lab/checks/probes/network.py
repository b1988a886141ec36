"""Probes of network.py."""
