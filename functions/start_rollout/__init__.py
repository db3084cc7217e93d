"""Gives an approved version its endpoint, and the traffic once the endpoint answers."""
