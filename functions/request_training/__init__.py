"""Weighs every cause of training: starts the pipeline, lets the cause wait, or says why there is no run."""
