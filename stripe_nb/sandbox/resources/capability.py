"""Capabilities of a connected account."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.capabilities import capability_of, request
from stripe_nb.sandbox.connect.platform import account_of, on_platform, settle
from stripe_nb.sandbox.errors import ResourceMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["Capability"]


class Capability(Behaviour):
    """`Capability <https://docs.stripe.com/api/capabilities>`_."""

    name = "capability"
    missing_param = "capability"

    def on_accounts_capabilities_list(self, call: Call) -> Json:
        """Answer those that were asked for, all on one page."""
        account = account_of(call, call.path["account"])
        platform = on_platform(call)
        return {
            "object": "list",
            "data": [
                capability_of(platform, account, name)
                for name in sorted(account["capabilities"])
            ],
            "has_more": False,
            "url": f"/v1/accounts/{account['id']}/capabilities",
        }

    def on_accounts_capabilities_retrieve(self, call: Call) -> Json:
        """Answer one."""
        account, name = self._named(call)
        return capability_of(on_platform(call), account, name)

    def on_accounts_capabilities_update(self, call: Call) -> Json:
        """Ask for one, or give it back."""
        account, name = self._named(call)
        platform = on_platform(call, about=account["id"])
        request(platform, account["id"], {name: call.params})
        return capability_of(platform, settle(call, account), name)

    def _named(self, call: Call) -> tuple[Json, str]:
        account = account_of(call, call.path["account"])
        name = call.path["capability"]
        if name not in call.kind("account").fields["capabilities"].type.fields:
            raise ResourceMissing("capability", name, param="capability")
        return account, name
