"""The one logger and the one metric set of a function: JSON lines with the domain's own names, EMF metrics.

Active tracing is a setting of the function and needs no import; the tracer's costs 0.2 s of every cold start.
"""

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics

from trimtab.domain.metrics import NAMESPACE

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)
