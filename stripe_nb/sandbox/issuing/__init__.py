"""Issuing: cards that the account itself issues, and what is bought with them."""
