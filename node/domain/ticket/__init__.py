"""The ticket: one file an area, with its commands, events and decisions; ``areas`` lists them."""
