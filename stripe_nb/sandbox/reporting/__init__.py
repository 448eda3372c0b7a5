"""Financial reports: what Stripe writes into a CSV file of the account's money."""
