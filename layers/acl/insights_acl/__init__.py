"""Identity, keys, scopes and access policies."""
