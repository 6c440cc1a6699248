"""Exhaustive models of the protocol, in Promela, and the test that runs them."""
