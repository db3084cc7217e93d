"""The framework module of the training container: what `sagemaker-training` calls to run a user's script.

As in AWS's framework images, it captures the script's last words, so that a failed job says why.
"""

from sagemaker_training import entry_point, environment


def main() -> None:
    """Run the user's entry point with the variables and arguments of the contract."""
    job = environment.Environment()
    entry_point.run(
        uri=job.module_dir,
        user_entry_point=job.user_entry_point,
        args=job.to_cmd_args(),
        env_vars=job.to_env_vars(),
        capture_error=True,
    )
