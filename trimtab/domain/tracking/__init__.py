"""Experiments and runs: what was tried, with which parameters, and how well it did."""
