"""The two registries that `benchmarks/registry.py` gives the same work, each by several ways."""
