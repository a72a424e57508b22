"""What tests share: a client, a small embedder, services and servers of their own."""
