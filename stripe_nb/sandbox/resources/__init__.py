"""One module for each kind of Stripe object that has a life of its own."""
