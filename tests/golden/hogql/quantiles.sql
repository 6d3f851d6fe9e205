-- quantile(0.9)(properties.price) - median(toFloat(properties.cost))
(quantileExactInclusive(0.9)(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))) - quantileExactInclusive(0.5)(toFloat64OrNull(CAST(properties.`cost`, 'Nullable(String)'))))
FROM events
