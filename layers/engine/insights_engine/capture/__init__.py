"""The capture edge, pure: bytes of a request to validated events, or the error that its sender sees."""
