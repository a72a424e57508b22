"""The page, in a real browser, on the real service with a small embedder."""
