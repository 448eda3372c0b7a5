"""`stripe-nb export`: one list, or all of them, to where they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stripe_nb.export.request import Request

__all__ = ["command"]


@click.command("export")
@click.argument("places", metavar="[RESOURCE] TARGET", nargs=-1, required=True)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every list that the account can read: a table each in a database, a "
    "folder of Parquet by month each in a folder.",
)
@click.option(
    "--created",
    metavar="A..B",
    help="Only what was created from A on and before B, in UTC, such as "
    "2026-01-01..2026-02-01 for January: a date stands for its first second. Either "
    "may be left out.",
)
@click.option("--fields", metavar="A,B", help="Only these columns, in this order.")
@click.option(
    "--expand", metavar="A,B", help="References whose fields become columns too."
)
@click.option(
    "--search",
    metavar="QUERY",
    help="Only what Stripe's search finds, such as \"email:'ada@example.com'\".",
)
@click.option(
    "--limit", type=click.IntRange(min=1), help="At most so many, newest first."
)
@click.option("--table", help="In a database: the table's name.")
@click.option(
    "--append",
    is_flag=True,
    help="In a database: add to what the table has; not with --all.",
)
@click.option("--no-overwrite", is_flag=True, help="Leave alone what exists already.")
@click.option(
    "--no-certificate",
    is_flag=True,
    help="Don't write whether the list is complete, and how it was read.",
)
@click.option("--account", metavar="ID", help="The connected account to read for.")
@click.option("--live", is_flag=True, help="Take a live key, to read with it.")
def command(
    places: tuple[str, ...],
    everything: bool,
    created: str | None,
    fields: str | None,
    expand: str | None,
    search: str | None,
    limit: int | None,
    table: str | None,
    append: bool,
    no_overwrite: bool,
    no_certificate: bool,
    account: str | None,
    live: bool,
) -> None:
    """Write every object of RESOURCE to TARGET: a file, a folder or a database.

    What is broken off goes on where it was, for a day, if it is run again.

    \b
    stripe-nb export customers customers.csv
    stripe-nb export charges charges.parquet --created 2026-01-01..2026-02-01
    stripe-nb export charges postgresql://me@db/shop
    stripe-nb export --all warehouse.duckdb
    stripe-nb export --all lake/
    """
    from stripe_nb.export.request import Request
    from stripe_nb.session import connect

    resource, target = _places(places, everything=everything)
    pull = {
        "created": None if created is None else _window(created),
        "expand": _names(expand),
        "search": search,
        "limit": limit,
        "account": account,
    }
    request = Request(
        place=target,
        fields=_names(fields),
        pull={name: value for name, value in pull.items() if value is not None},
        table=table,
        append=append,
        certificate=not no_certificate,
        overwrite=not no_overwrite,
    )
    whole_lists_take_none = (fields, expand, created, search, limit, table)
    if everything and any(given is not None for given in whole_lists_take_none):
        raise click.UsageError(
            "--all takes whole lists: leave out --created, --fields, --expand, "
            "--search, --limit and --table."
        )
    with connect(allow_live=live):
        if everything:
            _write_all(request)
        else:
            _write_one(resource, request)


def _places(places: tuple[str, ...], *, everything: bool) -> tuple[str, str]:
    if len(places) != (1 if everything else 2):
        raise click.UsageError(
            "give --all and a target, such as --all warehouse.duckdb."
            if everything
            else "give a resource and a target, such as customers customers.csv."
        )
    return places[0], places[-1]


def _write_one(resource: str, request: Request) -> None:
    from stripe_nb.export.engine import write

    click.echo(write(resource, request))


def _write_all(request: Request) -> None:
    from stripe_nb.export.many import export_many, listable
    from stripe_nb.export.targets import is_warehouse, target_for

    # Without the password that a URL may have.
    place = request.place
    shown = target_for(request).shown if is_warehouse(place) else place
    written = earlier = 0
    for outcome in export_many(listable(), request):
        if outcome.skipped is None:
            written += 1
            earlier += outcome.earlier
        else:
            click.echo(f"skipped {outcome.resource}: {outcome.skipped}", err=True)
    before = f", {earlier} of them before it was broken off" if earlier else ""
    click.echo(f"{written} lists written to {shown}{before}")


def _names(text: str | None) -> list[str] | None:
    # An empty one, as from a variable that isn't set, is no leave to write all.
    return None if text is None else [name.strip() for name in text.split(",")]


def _window(text: str) -> str:
    if ".." not in text:
        raise click.BadParameter(
            f"{text!r} is no range: write A..B, A.. or ..B.", param_hint="--created"
        )
    return text
