"""The HTTP face, over Flask's test client."""
