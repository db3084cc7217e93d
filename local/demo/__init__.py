"""The demo: one model's life on real data, on this machine."""
