-- sum(properties.price) / count() + avgIf(properties.price, properties.paid)
((sum(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))) / count()) + avgIf(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), (CAST(properties.`paid`, 'Nullable(String)') IN ('true', '1'))))
FROM events
