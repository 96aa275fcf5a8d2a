"""Push: webhooks, and a WebSub hub for every feed."""
