"""Lines of a draft: their order, their pages, and how they are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk


def test_pending_items_come_newest_first_and_later_ones_last(desk: Desk) -> None:
    draft = desk.draft(100, 200)
    desk.item(300, invoice=draft.id)
    lines = desk.v1.invoices.line_items.list(draft.id)
    assert [line.amount for line in lines.data] == [200, 100, 300]


def test_lines_are_paged_in_their_order(desk: Desk) -> None:
    draft = desk.draft(*range(100, 113))
    assert draft.lines.has_more
    assert len(draft.lines.data) == 10
    listed = desk.v1.invoices.line_items.list(draft.id, {"limit": 5})
    amounts = [line.amount for line in listed.auto_paging_iter()]
    assert amounts == list(range(112, 99, -1))
    before: Any = {"limit": 2, "ending_before": listed.data[4].id}
    page = desk.v1.invoices.line_items.list(draft.id, before)
    assert [line.amount for line in page.data] == [110, 109]
    assert page.has_more


def test_lines_are_added_changed_and_taken_off(desk: Desk) -> None:
    draft = desk.draft(1000)
    waiting = desk.item(50)
    lines: Any = [
        {"amount": 200, "description": "new"},
        {"invoice_item": waiting.id},
    ]
    added = desk.v1.invoices.add_lines(draft.id, {"lines": lines})
    assert [line.amount for line in added.lines.data] == [1000, 200, 50]
    first, second, third = added.lines.data
    changes: Any = [{"id": first.id, "amount": 900, "description": "less"}]
    changed = desk.v1.invoices.update_lines(draft.id, {"lines": changes})
    assert changed.total == 1150
    item = first.parent.invoice_item_details.invoice_item
    assert desk.v1.invoice_items.retrieve(item).amount == 900
    away: Any = [
        {"id": second.id, "behavior": "delete"},
        {"id": third.id, "behavior": "unassign"},
    ]
    left = desk.v1.invoices.remove_lines(draft.id, {"lines": away})
    assert (left.total, len(left.lines.data)) == (900, 1)
    [pending] = desk.v1.invoice_items.list({"pending": True}).data
    assert pending.id == waiting.id
    line = desk.v1.invoices.line_items.update(
        draft.id, first.id, {"metadata": {"k": "v"}}
    )
    assert line.metadata["k"] == "v"
    assert desk.events()[-1] == "invoice.updated"
