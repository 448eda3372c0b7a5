"""What payments have in common: attempts, what they say of themselves, their shares.

The handlers in `resources` decide when; the modules here know how.
"""
