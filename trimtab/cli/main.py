"""The `trimtab` command."""

import os
import sys
import traceback
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

import click

from trimtab.cli import (
    audit,
    data,
    drift,
    ideas,
    labels,
    lineage,
    models,
    output,
    quality,
    rollback,
    rollouts,
    runs,
    tracking,
    training,
)
from trimtab.cli.command import FORMS
from trimtab.errors import Fault, TrimtabError


class Commands(click.Group):
    """Own commands, and those that other packages bring (entry points `trimtab.commands`), loaded when used."""

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        return {plugin.name: plugin for plugin in entry_points(group="trimtab.commands")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted({*super().list_commands(ctx), *self._plugins})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, or None."""
        if cmd_name not in self._plugins:
            return super().get_command(ctx, cmd_name)
        try:
            loaded: click.Command = self._plugins[cmd_name].load()
        except ImportError as error:
            return _unavailable(cmd_name, error)
        return loaded


def _unavailable(name: str, error: ImportError) -> click.Command:
    """A command that says what it lacks when it is used, so that the others can be listed and used."""
    lacking = f"`trimtab {name}` needs the development environment ({error}); run `make setup`"

    def say(_: tuple[str, ...]) -> None:
        raise click.UsageError(lacking)

    words = click.Argument(["_"], nargs=-1, type=click.UNPROCESSED)
    takes_anything = {"ignore_unknown_options": True}
    return click.Command(
        name,
        context_settings=takes_anything,
        params=[words],
        callback=say,
        help="Not installed here.",
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--api-url", help="Address of the deployment (stack output ApiUrl).")
@click.option(
    "--output",
    "form",
    type=FORMS,
    default="table",
    show_default=True,
    help="Form of the answer; a table is one only on a terminal.",
)
@click.option("--no-color", is_flag=True, help="No colours.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="trimtab")
@click.pass_context
def trimtab(
    context: click.Context, api_url: str | None, form: str, *, no_color: bool, debug: bool
) -> None:
    """The whole life of a model: trained, checked, released, watched, rolled back."""
    context.obj = {"api_url": api_url, "form": form, "debug": debug}
    if no_color:
        os.environ["NO_COLOR"] = "1"


for command in (
    models.models,
    data.data,
    labels.labels,
    quality.quality,
    drift.drift,
    training.training,
    rollouts.rollouts,
    rollback.rollback,
    audit.audit,
    tracking.tracking,
    ideas.ideas,
    runs.runs,
    lineage.lineage,
):
    trimtab.add_command(command)


def main() -> None:
    """Run the command; turn an error into its sentence, its hint and its exit code."""
    output.survive_any_terminal()
    try:
        sys.exit(trimtab(standalone_mode=False) or 0)
    except TrimtabError as error:
        _tell(error)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except Exception as error:
        hint = "this is a fault of Trimtab; --debug shows where"
        _tell(Fault(f"{type(error).__name__}: {error}", hint=hint))
        sys.exit(Fault.exit_code)


def _tell(error: TrimtabError) -> None:
    if "--debug" in sys.argv:
        traceback.print_exc()
    click.echo(f"error: {error.message}  [{error.code}]", err=True)
    for problem in error.problems:
        if str(problem.get("message")) in error.message:
            continue  # it was said above
        wanted = f" (expected {problem['expected']})" if problem.get("expected") else ""
        click.echo(f"       {problem.get('field')}: {problem.get('message')}{wanted}", err=True)
    if error.hint:
        click.echo(f"       {error.hint}", err=True)
