"""Syndication: feeds and other formats, sync for copies, webhooks and WebSub, CDN purging."""
