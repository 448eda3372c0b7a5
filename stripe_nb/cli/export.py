"""`stripe-nb export`: a resource to a file."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("export")
@click.argument("resource")
@click.argument("path", type=click.Path(dir_okay=False))
@click.option(
    "--created",
    metavar="A..B",
    help="Only what was created from A on and before B, such as "
    "2026-01-01..2026-02-01; either may be left out.",
)
@click.option("--fields", metavar="A,B", help="Only these columns, in this order.")
@click.option(
    "--limit", type=click.IntRange(min=1), help="At most so many, newest first."
)
def command(
    resource: str, path: str, created: str | None, fields: str | None, limit: int | None
) -> None:
    """Write every object of RESOURCE to PATH, in the format of its suffix.

    \b
    stripe-nb export customers customers.csv
    stripe-nb export charges charges.parquet --created 2026-01-01..2026-02-01
    """
    from stripe_nb.export import export as write
    from stripe_nb.session import connect

    window = _window(created) if created else None
    columns = [name.strip() for name in fields.split(",")] if fields else None
    with connect():
        written = write(resource, path, created=window, fields=columns, limit=limit)
    click.echo(written)


def _window(text: str) -> tuple[str | None, str | None]:
    start, dots, end = text.partition("..")
    if not dots:
        raise click.BadParameter(
            f"{text!r} is no range: write A..B, A.. or ..B.", param_hint="--created"
        )
    return start.strip() or None, end.strip() or None
