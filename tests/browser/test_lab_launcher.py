"""JupyterLab's launcher has a card for each lesson, where there are lessons."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from stripe_nb.cli.lab import writable_notebooks
from stripe_nb.paths import notebooks_path
from tests.browser.conftest import Told
from tests.browser.jupyter import Jupyter, start

CARDS = ".jp-Launcher-section:has(h2:text-is('Stripe')) .jp-LauncherCard"


def _open_launcher(page: Page, jupyter: Jupyter) -> None:
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.goto(f"{jupyter.url}/lab?reset&token={jupyter.token}")
    expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=60_000)


def test_lessons_are_cards_in_their_order_and_open(
    page: Page, console: Told, tmp_path: Path
) -> None:
    lessons = sorted(path.stem for path in notebooks_path().glob("*.ipynb"))
    with start(tmp_path) as jupyter:
        writable_notebooks(jupyter.folder)
        (jupyter.folder / "my own.ipynb").write_text("{}")
        _open_launcher(page, jupyter)
        cards = page.locator(CARDS)
        expect(cards).to_have_count(len(lessons))
        said = [card.strip() for card in cards.all_inner_texts()]
        names = [stem.lstrip("0123456789_").replace("_", " ") for stem in lessons]
        assert said == [name.capitalize() for name in names]
        cards.filter(has_text="Saved cards").click()
        expect(page.locator(".jp-Notebook h1").first).to_contain_text("Saved cards")
        # The launcher has done its work.
        expect(page.locator(".jp-Launcher")).to_have_count(0)
        jupyter.stop_kernels()
    assert console.errors == []


@pytest.mark.parametrize("name", ["mine.ipynb", "01_customers.ipynb"])
def test_another_folder_has_no_such_cards(
    page: Page, console: Told, tmp_path: Path, name: str
) -> None:
    with start(tmp_path) as jupyter:
        jupyter.write(name, ["1"])
        with page.expect_response("**/api/contents?*") as listed:
            _open_launcher(page, jupyter)
        assert listed.value.ok
        page.wait_for_load_state("networkidle")
        expect(page.locator(CARDS)).to_have_count(0)
    assert console.errors == []
