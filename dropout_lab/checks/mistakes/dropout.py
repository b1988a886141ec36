"""Mistakes in dropout.py, and in a network with dropout: group C. C marks inverted dropout, Z the paper's.

Equal numbers are equal faults: C30 and Z30 are one mask for the whole batch.
"""

from dropout_lab.checks.mistakes import dropout_backward, dropout_forward, dropout_network
from dropout_lab.checks.mistakes.dropout_masks import RIGHT

__all__ = ["RIGHT", "dropout_backward", "dropout_forward", "dropout_network"]
