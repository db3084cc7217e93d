"""Answers predictions: contract check, route, endpoint."""
