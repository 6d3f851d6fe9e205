"""The local stack, the `insights` command and demo data. Never deployed."""
