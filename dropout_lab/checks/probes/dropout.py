"""Probes of dropout.py, and of the network once it has dropout."""

from dropout_lab.checks.probes import dropout_backward, dropout_forward, dropout_network

__all__ = ["dropout_backward", "dropout_forward", "dropout_network"]
