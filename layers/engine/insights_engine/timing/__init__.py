"""Time to see data: how long people waited for what they wanted to see, recorded load by load, and the report of it."""
