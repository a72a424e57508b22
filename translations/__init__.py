"""What the service says, in other languages than English."""
