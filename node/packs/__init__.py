"""Policy packs and published calendars: what differs between the mechanisms, as data."""
