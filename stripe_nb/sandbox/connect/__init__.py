"""Connected accounts: what they owe Stripe, who controls them, where they are paid."""
