"""The tests, in folders that mirror the service's."""
