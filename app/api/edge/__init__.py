"""What stands in front of the framework: plain ASGI, in the order of `edge.stack`."""
