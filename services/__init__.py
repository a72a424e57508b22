"""What the service does, whoever asks for it."""
