"""How invoices come to be, are settled and are chased: what their life is made of.

`resources.invoice` answers the API's calls with it, subscriptions bill with it.
"""
