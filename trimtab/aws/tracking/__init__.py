"""The stores of experiments and runs."""
