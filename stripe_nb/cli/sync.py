"""`stripe-nb sync`: tables that follow Stripe."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("sync")
@click.argument("resources", nargs=-1)
@click.argument("target")
@click.option(
    "--full", is_flag=True, help="Read every list whole, whatever the events say."
)
@click.option("--account", metavar="ID", help="The connected account to read for.")
@click.option("--live", is_flag=True, help="Take a live key, to read with it.")
def command(
    resources: tuple[str, ...], target: str, full: bool, account: str | None, live: bool
) -> None:
    """Bring tables of TARGET up to date with RESOURCES: all once, then what changed.

    \b
    stripe-nb sync customers charges warehouse.duckdb
    stripe-nb sync customers postgresql://me@db/shop
    """
    from stripe_nb.session import connect
    from stripe_nb.sync import sync

    if not resources:
        raise click.UsageError(
            "give resources and a target, such as customers charges warehouse.duckdb."
        )
    with connect(allow_live=live):
        done = sync(resources, target, full=full, account=account)
    for row in done.itertuples():
        click.echo(
            f"{row.table}: {row.rows_there} rows, {row.rows_written} written, "
            f"{row.rows_deleted} marked as deleted ({row.mode})"
        )
