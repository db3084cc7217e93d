"""What jobs cost by list price; an estimate, since contracts, savings plans and other regions differ."""

from datetime import date

AS_OF = date(2026, 11, 26)  # when the table below was made
REGION = "us-east-1"
HOUR = 3600
USD_PER_HOUR = {  # on demand, of training and processing jobs; an instance type that is not here has no estimate
    "ml.t3.medium": 0.05,
    "ml.t3.large": 0.10,
    "ml.t3.xlarge": 0.20,
    "ml.t3.2xlarge": 0.399,
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.m5.12xlarge": 2.765,
    "ml.m5.24xlarge": 5.53,
    "ml.c5.large": 0.102,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.c5.4xlarge": 0.816,
    "ml.c5.9xlarge": 1.836,
    "ml.c5.18xlarge": 3.672,
    "ml.r5.large": 0.151,
    "ml.r5.xlarge": 0.302,
    "ml.r5.2xlarge": 0.605,
    "ml.g4dn.xlarge": 0.736,
    "ml.g4dn.2xlarge": 0.94,
    "ml.g5.xlarge": 1.408,
    "ml.p3.2xlarge": 3.825,
}


def cost(instance_type: str | None, instances: int, seconds: float) -> float | None:
    """Return the list price of a job in USD, or None for an instance type that the table does not have."""
    hourly = USD_PER_HOUR.get(instance_type or "")
    return None if hourly is None else round(hourly * instances * seconds / HOUR, 6)
