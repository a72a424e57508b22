"""Files of all formats, read and written."""
