"""What the service survives: kills, restarts, full disks, hostile input."""
