"""Products."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import price
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.wire import Json

__all__ = ["Product"]


class Product(Behaviour):
    """`Product <https://docs.stripe.com/api/products>`_."""

    name = "product"

    def on_create(self, call: Call) -> Json:
        """Make a product, and its default price if one is described."""
        chosen = call.params.get("id")
        if chosen and call.row(chosen, "product"):
            raise InvalidRequest(
                "Product already exists.", code="resource_already_exists", param="id"
            )
        product = self.draft(
            call,
            id=chosen,
            active=True,
            images=[],
            marketing_features=[],
            type="service",
            updated=call.now(),
        )
        product = self.finish(call, product)
        described = call.params.get("default_price_data")
        if described:
            made = price.make(call, {**described, "product": product["id"]})
            product = call.update(product, default_price=made["id"])
        return product

    def on_update(self, call: Call) -> Json:
        """Change a product."""
        product = self.target(call)
        default = call.given("price", "default_price")
        if default and default["product"] != product["id"]:
            raise InvalidRequest(
                f"Price {default['id']} does not belong to product {product['id']}.",
                param="default_price",
            )
        return self.change(call, product, updated=call.now())

    def on_delete(self, call: Call) -> Json:
        """Delete a product that no price refers to."""
        product = self.target(call)
        if call.objects("price", product=product["id"]):
            raise InvalidRequest(
                "This product cannot be deleted because it has one or more "
                "user-created prices.",
                param="id",
            )
        return call.delete(product, announce="product.deleted")

    def condition(self, call: Call, name: str, value: object) -> Condition:
        """Filter by the list of ids as well."""
        if name == "ids" and isinstance(value, list):
            marks = ", ".join("?" * len(value))
            return Condition(f"id in ({marks})", tuple(value))
        return super().condition(call, name, value)
