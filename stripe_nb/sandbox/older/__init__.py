"""How objects looked under older API versions: pure rewriting of today's shapes."""
