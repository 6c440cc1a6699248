"""Outgoing messages: in-app, e-mail, SMS gateway, WeCom robot, behind one small interface with an outbox (DESIGN 3)."""
