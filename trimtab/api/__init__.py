"""What the HTTP API promises: its routes, what they take, what they answer."""
