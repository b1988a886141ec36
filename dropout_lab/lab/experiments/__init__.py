"""Experiments with the student's own functions: train a network, sweep over settings and seeds, compare in pairs.

Everything random comes from a seed, through one generator for each purpose: initial weights, order of the batches,
masks. Runs with the same seed share the first two, whatever their rates, so that a difference between them is the
difference that the rates make.
"""
