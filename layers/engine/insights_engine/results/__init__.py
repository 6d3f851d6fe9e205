"""Results of questions, kept: which one a question has, how long it counts as fresh, who computes it, and who waits.

`modes` and `freshness` are tables; `naming` makes a question's key; `entry` is what is kept; `cache` keeps it; `flight`
lets one caller compute what many ask for; `jobs` are questions that are computed in the background.
"""
