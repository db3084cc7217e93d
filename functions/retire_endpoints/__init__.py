"""Takes down the endpoints of versions that answer no requests any more, once their probation is over."""
