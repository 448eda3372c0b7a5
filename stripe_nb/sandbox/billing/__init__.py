"""The arithmetic of billing: pure functions that know nothing of any store."""
