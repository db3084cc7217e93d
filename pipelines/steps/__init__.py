"""What the jobs of a training pipeline run, beside a model's own code.

Everything here runs in AWS's scikit-learn container: the standard library, numpy, pandas and boto3 are all there is.
"""
