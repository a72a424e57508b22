"""The commands of `flask --app app`, for a shell beside the server."""
