"""The paths insight: which way people go through a site, edge by edge."""
