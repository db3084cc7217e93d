"""How models are made: their specs, their training pipelines and the steps these run."""
