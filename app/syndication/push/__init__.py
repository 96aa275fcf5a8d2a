"""Stories out, told at once: webhooks, and a WebSub hub for every feed."""
