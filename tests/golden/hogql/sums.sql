-- sum(properties.price) / count() + avgIf(properties.price, properties.paid)
ifNotFinite(toFloat64(((sum(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL)) / count()) + avgIf(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL), (CAST(properties.`paid`, 'Nullable(String)') IN ('true', '1'))))), 0)
FROM events
