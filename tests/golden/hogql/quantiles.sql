-- quantile(0.9)(properties.price) - median(toFloat(properties.cost))
ifNotFinite(toFloat64((quantileExactInclusive(0.9)(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL)) - quantileExactInclusive(0.5)(toFloat64OrNull(CAST(properties.`cost`, 'Nullable(String)'))))), 0)
FROM events
