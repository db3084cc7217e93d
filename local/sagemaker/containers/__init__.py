"""Files that run inside jobs and model servers, under their interpreter and not under the local cloud's."""
