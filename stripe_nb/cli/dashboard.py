"""`stripe-nb dashboard`: customers, payments, subscriptions and webhooks as a page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click

__all__ = ["command"]

_TEMPLATE = "stripe-nb"
# Voila loads JupyterLab's extensions. These are for notebooks alone, and Notebook
# 7's fails on a page that has none.
_NOT_LOADED = ["@jupyter-notebook/lab-extension", "stripe-nb"]
# Voila's own template gets a font of icons from the network. No widget here shows
# one, and a page without a network would wait for it.
_INDEX = """{%- extends 'voila/templates/lab/index.html.j2' -%}
{%- block notebook_css -%}
{{ super().replace(
  "https://cdn.jsdelivr.net/npm/@fortawesome/fontawesome-free@^5/css/",
  "data:text/css,",
) }}
<style>
  /* Where a tab isn't chosen, Voila's grey is too pale to read. */
  .jupyter-widgets .lm-TabBar-tabLabel { color: var(--jp-ui-font-color0); }
</style>
{%- endblock notebook_css -%}
"""


@click.command("dashboard")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8866,
    show_default=True,
    help="Where the page is served on this machine.",
)
@click.option("--no-browser", is_flag=True, help="Don't open a browser.")
def command(port: int, no_browser: bool) -> None:
    """Open a page of your Stripe account, or of a sandbox if there is no key.

    The page works without a network, apart from Stripe's own. Its address ends in
    a token, since whoever opens it may do with the account what you may.
    """
    from stripe_nb.errors import MissingDependencyError

    if not find_spec("voila"):
        raise MissingDependencyError("voila", "dashboard")
    from stripe_nb.widgets.dashboard import write_page

    with tempfile.TemporaryDirectory(prefix="stripe-nb-") as folder:
        page = write_page(Path(folder) / "dashboard.ipynb", Path.cwd())
        click.echo(f"Opening the dashboard on port {port}; stop it with Ctrl+C.")
        sys.exit(_serve(page, port, no_browser=no_browser))


def _write_template(folder: Path) -> dict[str, str]:
    """Write a template for Voila, and return the environment in which it is found."""
    template = folder / "voila" / "templates" / _TEMPLATE
    template.mkdir(parents=True)
    (template / "conf.json").write_text(json.dumps({"base_template": "lab"}))
    (template / "index.html.j2").write_text(_INDEX)
    paths = [str(folder), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    return {**os.environ, "JUPYTER_PATH": os.pathsep.join(paths)}


def _serve(page: Path, port: int, *, no_browser: bool) -> int:
    command = [
        sys.executable,
        "-m",
        "voila",
        str(page),
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
        "--token",
        f"--template={_TEMPLATE}",
        "--show_tracebacks=True",
        f"--VoilaConfiguration.extension_denylist={_NOT_LOADED!r}",
        *(["--no-browser"] if no_browser else []),
    ]
    environment = _write_template(page.parent)
    try:
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own interpreter
    except KeyboardInterrupt:
        return 0
