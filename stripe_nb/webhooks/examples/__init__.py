"""Whole applications that take webhooks, to copy and to change.

Each has a function ``application(secret, database)`` and needs nothing else of
this package than `stripe_nb.webhooks`. The tests run them behind real servers.
"""
