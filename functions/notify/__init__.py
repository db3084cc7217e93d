"""Tells people what happened that they may want to act on."""
