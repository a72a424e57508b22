"""Tests of what puts the service onto a machine: the image, compose, units, proxies."""
