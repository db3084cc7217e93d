"""Returns traffic from the champion to the version before it, when a person asks."""
