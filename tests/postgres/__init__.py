"""The server that comes with the service."""
