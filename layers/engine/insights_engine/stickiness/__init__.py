"""The stickiness insight: how many actors did something in exactly k intervals of the range."""
