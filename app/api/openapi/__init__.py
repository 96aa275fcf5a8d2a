"""The OpenAPI document and what it needs."""
