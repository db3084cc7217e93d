"""The metrics that alarms watch: what a function measures by these names, infra defines alarms on."""

NAMESPACE = "Trimtab"
FAILED_REQUESTS = "failed_requests"  # 1 or 0 a request, so that its average is the failed share
CAPTURES_DROPPED = "captures_dropped"  # 1 for each answer that is not captured whole
FALLBACK_ANSWERS = "fallback_answers"  # 1 for each answer of another version than the chosen one
LATENCY = "latency"  # milliseconds until the endpoint answered
SLOW_ANSWERS = (
    "slow_answers"  # 1 or 0 an answer, while versions are compared: over what the route calls slow
)
SERVICE = "inference_api"  # dimension `service` of what it measures
QUALITY_LOSS = (
    "quality_loss"  # mean loss of a window's labelled predictions, told when it is judged
)
DRIFTED_COLUMNS = "drifted_columns"  # of a window, told when it is judged
DRIFT_INCIDENTS = "drift_incidents"  # open ones, told with each judged window
QUALITY_BREACHED = "quality_breached"  # 1 or 0, told with each judged window
