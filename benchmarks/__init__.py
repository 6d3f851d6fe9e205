"""How fast the product is, measured here. `python -m benchmarks` lists what can be measured."""
