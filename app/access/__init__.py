"""Access control: API keys, scopes, audit, idempotency, and selections of stories."""
