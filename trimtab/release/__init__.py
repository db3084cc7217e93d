"""What several functions do about the traffic of versions: begin, promote, tell."""
