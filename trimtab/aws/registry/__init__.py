"""The store of registered models, their versions and their aliases, as MLflow's clients write and read them."""
