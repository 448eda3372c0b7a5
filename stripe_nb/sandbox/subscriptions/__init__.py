"""How subscriptions live: their items, periods, bills, changes and ends.

`resources.subscription` answers the API's calls with it; schedules and quotes make
subscriptions with it.
"""
