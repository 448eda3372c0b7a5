"""Checkout: what a session sells, what it comes to, and how it is completed.

The operations on sessions are in `stripe_nb.sandbox.resources.checkout_session`,
the page that a browser sees in `stripe_nb.sandbox.pages`.
"""
