"""The environment variables of a worker: the function's, its role's and AWS's own, nothing of this machine's."""

from pathlib import Path

from local.lambdas.function import Function

# AWS refuses these names in a function's configuration, or overwrites them.
PATH = "/usr/local/bin:/usr/bin:/bin"


def worker_environment(
    function: Function, *, endpoint_url: str, region: str, task: Path, scratch: Path, stream: str
) -> dict[str, str]:
    """Return exactly what the handler will see in `os.environ`."""
    return {
        "PATH": PATH,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(scratch),  # else boto3 would read this machine's ~/.aws
        "TMPDIR": str(scratch),
        "AWS_ENDPOINT_URL": endpoint_url,
        **function.variables,
        **function.credentials(),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": function.handler,
    }
