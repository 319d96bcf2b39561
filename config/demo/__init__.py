"""A made-up company and a season of its hiring, walked through the rules. See `manage.py demo`."""
