"""From backpropagation by hand to inverted dropout, in NumPy, with every gradient checked."""
