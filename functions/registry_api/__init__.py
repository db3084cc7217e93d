"""Answers what the registry knows of models, and takes approvals, over HTTP."""
