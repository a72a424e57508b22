"""The SQL, a module for each noun."""
