"""Keeps what SageMaker tells of training runs and model packages: requests end, versions come and are approved."""
