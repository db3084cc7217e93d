"""Tells what differs between two dataset versions."""
