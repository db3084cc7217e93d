"""What `make bench NAME=rollout` works with: simulated traffic, and the rules that judge it."""
