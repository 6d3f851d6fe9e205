"""The functions that an expression may call, one row each: name, what it takes, what it gives, ClickHouse's name.

Kinds: n number, k whole number, s text, t text that is never null, c constant text, d date or date-time, b boolean,
a array, x anything, l lambda, u a unit of time as constant text, i an interval. `?` ends an optional argument, `*` a
repeated one. The result `=` is the kind of the last argument that is not a condition, `=first` that of the first.

Nothing here reads a table, a file, the server or the clock, sleeps, or makes a large value from a small one.
"""

from __future__ import annotations

from dataclasses import dataclass

_SCALARS = """
abs n -> n
ceil n k? -> n
floor n k? -> n
round n k? -> n
trunc n k? -> n
sign n -> n
sqrt n -> n
cbrt n -> n
exp n -> n
exp2 n -> n
exp10 n -> n
log n -> n
ln n -> n log
log2 n -> n
log10 n -> n
pow n n -> n
power n n -> n pow
sin n -> n
cos n -> n
tan n -> n
asin n -> n
acos n -> n
atan n -> n
pi -> n
e -> n
plus n n -> n
minus n n -> n
multiply n n -> n
divide n n -> n
modulo n n -> n
intDiv n n -> n intDivOrZero
intDivOrZero n n -> n
negate n -> n
least x x* -> =
greatest x x* -> =
isNaN n -> b
isFinite n -> b
isInfinite n -> b
ifNotFinite n n -> n
bitAnd k k -> n
bitOr k k -> n
bitXor k k -> n
toInt x -> n @int
toFloat x -> n @float
toFloatOrZero x -> n @floatOrZero
toFloatOrDefault x n -> n @floatOrDefault
toDecimal x n? -> n @float
toString x -> s
toUUID s -> s toUUIDOrNull
toBool x -> b @bool
toDate x -> d @date
toDateTime x s? -> d @datetime
parseDateTimeBestEffort s -> d @datetime
toTypeName x -> s
if b x x -> =
multiIf b x x x* -> =
ifNull x x -> =
coalesce x x* -> =
nullIf x x -> =first
isNull x -> b
isNotNull x -> b
assumeNotNull x -> =
toNullable x -> =
equals x x -> b
notEquals x x -> b
less x x -> b
greater x x -> b
lessOrEquals x x -> b
greaterOrEquals x x -> b
and b b b* -> b
or b b b* -> b
xor b b -> b
not b -> b
empty x -> b
notEmpty x -> b
length x -> n
lengthUTF8 s -> n
char_length s -> n lengthUTF8
lower s -> s
upper s -> s
lowerUTF8 s -> s
upperUTF8 s -> s
initcap s -> s
reverse s -> s
reverseUTF8 s -> s
concat x x* -> s
concatWithSeparator c x x* -> s
substring s n n? -> s
substringUTF8 s n n? -> s
left s n -> s
right s n -> s
leftUTF8 s n -> s
rightUTF8 s n -> s
trim s -> s
trimLeft s -> s
trimRight s -> s
ltrim s -> s trimLeft
rtrim s -> s trimRight
startsWith s s -> b
endsWith s s -> b
position s s -> n
positionUTF8 s s -> n
positionCaseInsensitive s s -> n
positionCaseInsensitiveUTF8 s s -> n
like s s -> b
ilike s s -> b
notLike s s -> b
notILike s s -> b
match s s -> b
countSubstrings s s -> n
countSubstringsCaseInsensitive s s -> n
replace s s s -> s replaceAll
replaceAll s s s -> s
replaceOne s s s -> s
replaceRegexpAll s s s -> s
replaceRegexpOne s s s -> s
extract s c -> s
extractAll t c -> a
splitByChar c t -> a
splitByString c t -> a
splitByRegexp c t -> a
arrayStringConcat a c? -> s
base64Encode s -> s
base64Decode s -> s tryBase64Decode
hex x -> s
unhex s -> s
ascii s -> n
cityHash64 x x* -> n
sipHash64 x x* -> n
MD5 s -> s
domain s -> s
domainWithoutWWW s -> s
topLevelDomain s -> s
protocol s -> s
path s -> s
pathFull s -> s
queryString s -> s
fragment s -> s
cutQueryString s -> s
cutWWW s -> s
cutURLParameter s c -> s
extractURLParameter s c -> s
decodeURLComponent s -> s
encodeURLComponent s -> s
JSONExtractString s s? -> s
JSONExtractInt s s? -> n
JSONExtractFloat s s? -> n
JSONExtractBool s s? -> b
JSONExtractRaw s s? -> s
JSONExtractArrayRaw t t? -> a
JSONHas s s -> b
JSONLength s s? -> n
isValidJSON s -> b
now -> d @now
today -> d @today
yesterday -> d @yesterday
toYear d -> n
toQuarter d -> n
toMonth d -> n
toDayOfYear d -> n
toDayOfMonth d -> n
toDayOfWeek d -> n
toHour d -> n
toMinute d -> n
toSecond d -> n
toISOYear d -> n
toISOWeek d -> n
toYYYYMM d -> n
toYYYYMMDD d -> n
toUnixTimestamp d -> n
fromUnixTimestamp n -> d @fromUnix
toStartOfYear d -> d
toStartOfQuarter d -> d
toStartOfMonth d -> d
toStartOfISOYear d -> d
toStartOfWeek d -> d
toMonday d -> d
toStartOfDay d -> d
toStartOfHour d -> d
toStartOfMinute d -> d
toStartOfFiveMinutes d -> d
toStartOfTenMinutes d -> d
toStartOfFifteenMinutes d -> d
dateTrunc u d -> d
date_trunc u d -> d dateTrunc
dateDiff u d d -> n
date_diff u d d -> n dateDiff
addSeconds d n -> d
addMinutes d n -> d
addHours d n -> d
addDays d n -> d
addWeeks d n -> d
addMonths d n -> d
addYears d n -> d
subtractSeconds d n -> d
subtractMinutes d n -> d
subtractHours d n -> d
subtractDays d n -> d
subtractWeeks d n -> d
subtractMonths d n -> d
subtractYears d n -> d
toTimeZone d c -> d
formatDateTime d c c? -> s
toIntervalSecond n -> i
toIntervalMinute n -> i
toIntervalHour n -> i
toIntervalDay n -> i
toIntervalWeek n -> i
toIntervalMonth n -> i
toIntervalQuarter n -> i
toIntervalYear n -> i
has a x -> b
hasAny a a -> b
hasAll a a -> b
indexOf a x -> n
arrayElement a k -> x
arrayConcat a a* -> a
arraySlice a k k? -> a
arrayDistinct a -> a
arraySort a -> a
arrayReverse a -> a
arrayCompact a -> a
arrayUniq a -> n
arraySum a -> n
arrayAvg a -> n
arrayMin a -> x
arrayMax a -> x
arrayMap l a a* -> a
arrayFilter l a a* -> a
arrayExists l a a* -> b
arrayAll l a a* -> b
arrayCount l a a* -> n
arrayFirst l a a* -> x
tuple x x* -> x
array x* -> a
"""

_AGGREGATES = """
count x? -> n
countIf b -> n
sum n -> n
sumIf n b -> n
avg n -> n
avgIf n b -> n
min x -> =
minIf x b -> =
max x -> =
maxIf x b -> =
any x -> =
anyIf x b -> =
anyLast x -> =
median n -> n quantileExactInclusive(0.5)
medianIf n b -> n quantileExactInclusiveIf(0.5)
quantile n -> n quantileExactInclusive
quantileIf n b -> n quantileExactInclusiveIf
uniq x x* -> n uniqExact
uniqIf x b -> n uniqExactIf
uniqExact x x* -> n
uniqExactIf x b -> n
countDistinct x x* -> n uniqExact
countDistinctIf x b -> n uniqExactIf
argMin x x -> =first
argMax x x -> =first
argMinIf x x b -> =first
argMaxIf x x b -> =first
stddevPop n -> n
stddevSamp n -> n
varPop n -> n
varSamp n -> n
skewPop n -> n
kurtPop n -> n
covarPop n n -> n
covarSamp n n -> n
corr n n -> n
groupUniqArray x -> a
groupArray x -> a
groupBitAnd k -> n
groupBitOr k -> n
groupBitXor k -> n
"""

UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
# Aggregates that take a constant in parentheses of their own: quantile(0.9)(x), a share from 0 to 1.
PARAMETRIC = frozenset({"quantile", "quantileIf"})


@dataclass(frozen=True, slots=True)
class Function:
    """`target` is ClickHouse's name, or `@` and the name of a rule of the printer."""

    name: str
    takes: tuple[str, ...]
    gives: str
    target: str
    is_aggregate: bool = False

    @property
    def least(self) -> int:
        return sum(1 for kind in self.takes if len(kind) == 1)

    @property
    def most(self) -> int | None:
        """None: any number."""
        return None if any(kind.endswith("*") for kind in self.takes) else len(self.takes)

    def kind_of(self, index: int) -> str:
        """Of the argument at that place; a repeated one stands for all that follow."""
        return self.takes[min(index, len(self.takes) - 1)][0]


def _table(text: str, *, is_aggregate: bool) -> dict[str, Function]:
    found = {}
    for line in text.strip().splitlines():
        left, _, right = line.partition(" -> ")
        name, *takes = left.split()
        gives, *target = right.split()
        found[name] = Function(name, tuple(takes), gives, target[0] if target else name, is_aggregate)
    return found


SCALARS = _table(_SCALARS, is_aggregate=False)
AGGREGATES = _table(_AGGREGATES, is_aggregate=True)
FUNCTIONS = {**SCALARS, **AGGREGATES}
