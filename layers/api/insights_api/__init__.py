"""The REST routes, one module a resource; each function mounts the ones it serves."""
