"""The command line: nothing but wiring around the public functions.

Each module of this package is a command, found by discovery. It imports what
it needs when it runs, so that ``stripe-nb --help`` answers at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from stripe_nb.errors import LiveKeyError, StripeNbError

__all__ = ["main"]


class _Commands(click.Group):
    """A group whose commands fail with one sentence and no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (StripeNbError, OSError) as error:
            said = str(error)
            if isinstance(error, LiveKeyError) and self._takes_live(ctx):
                said += " On the command line, --live does so."
            raise click.ClickException(_with_notes(said, error)) from error
        except Exception as error:
            if not _came_from_stripe(error):
                raise
            said = _with_notes(f"Stripe says: {error}", error)
            raise click.ClickException(said) from error

    def _takes_live(self, ctx: click.Context) -> bool:
        command = self.get_command(ctx, ctx.invoked_subcommand or "")
        return command is not None and any(
            "--live" in option.opts for option in command.params
        )


def _with_notes(said: str, error: Exception) -> str:
    return "\n".join([said, *getattr(error, "__notes__", ())])


def _came_from_stripe(error: Exception) -> bool:
    # An error of the SDK's can only exist once the SDK was imported.
    sdk = sys.modules.get("stripe")
    return sdk is not None and isinstance(error, sdk.StripeError)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stripe-nb", prog_name="stripe-nb")
def main() -> None:
    """Everything Stripe does, in a notebook."""


for _module in iter_modules(__path__, f"{__name__}."):
    main.add_command(import_module(_module.name).command)
