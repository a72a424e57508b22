"""What the service does, on a real PostgreSQL."""
