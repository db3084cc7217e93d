"""What all commands have in common: an example in their help, and forms to answer in."""

from typing import Any

import click

FORMS = click.Choice(["table", "json", "md"])
LIMIT = click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many at most.",
)
REASON = click.option("--reason", required=True, help="Why; stands in the audit trail.")


class Answering(click.Command):
    """A command that answers in the form that was asked for, before its name or after it."""

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        """Take click's arguments, and a line that could be typed."""
        super().__init__(*args, **kwargs)
        self.epilog = f"Example: {example}"
        self.params.append(
            click.Option(
                ["--output"],
                type=FORMS,
                expose_value=False,
                callback=_remember,
                help="Form of the answer; table unless given.",
            )
        )


class Noun(click.Group):
    """A group of commands about one thing."""

    command_class = Answering


def _remember(context: click.Context, _: click.Parameter, form: str | None) -> None:
    if form is not None:
        context.find_root().ensure_object(dict)["form"] = form
