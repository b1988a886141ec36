"""Probes of noise.py, one file for each relative of dropout."""

from dropout_lab.checks.probes import noise_gaussian, noise_maps, noise_predictions, noise_weights

__all__ = ["noise_gaussian", "noise_maps", "noise_predictions", "noise_weights"]
