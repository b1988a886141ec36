"""Figures to play with: ipywidgets around functions, each beside a static twin in lab/figures."""
