"""Looks at every rollout that takes steps, each minute, and does what people say about one."""
