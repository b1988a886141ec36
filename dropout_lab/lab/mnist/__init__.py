"""The paper's experiment on MNIST."""
