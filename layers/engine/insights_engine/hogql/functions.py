"""The functions that an expression may call, one row each: name, what it takes, what it gives, ClickHouse's name.

Kinds: n number, k whole number, r constant number of digits, s text, t text that is never null, c constant text, d date
or date-time, b boolean, a array, y tuple, x anything, l lambda, u a unit of time as constant text, m a week's mode (0:
from Sunday, 1: from Monday), i an interval. `?` ends an optional argument, `*` a repeated one. The result `=` is the
kind of the last argument that is not a condition, `=first` that of the first.

Nothing here reads a table, a file, the server or the clock, sleeps, or makes a large value from a small one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_SCALARS = """
# Numbers
abs n -> n
ceil n r? -> n
floor n r? -> n
round n r? -> n
trunc n r? -> n
sign n -> n
sqrt n -> n
exp n -> n
log n -> n
ln n -> n log
log10 n -> n
pow n n -> n
power n n -> n pow
pi -> n
e -> n
plus n n -> n
minus n n -> n
multiply n n -> n
divide n n -> n
modulo n n -> n moduloOrZero
positiveModulo n n -> n
gcd k k -> n
intDiv n n -> n intDivOrZero
negate n -> n
least x x* -> =
greatest x x* -> =
isNaN n -> b
ifNotFinite n n -> n
formatReadableSize n -> s
formatReadableTimeDelta n -> s
# Conversions
toInt x -> n @int
toFloat x -> n @float
toFloatOrZero x -> n @floatOrZero
toFloatOrDefault x n -> n @floatOrDefault
toDecimal x n? -> n @float
toString x -> s
toUUID s -> s @uuid
toBool x -> b @bool
toDate x -> d @date
toDateTime x c? -> d @datetime
parseDateTimeBestEffort s -> d @datetime
# Conditions
if b x x -> =
multiIf b x x x* -> =
ifNull x x -> =
coalesce x x* -> =
nullIf x x -> =first
isNull x -> b
isNotNull x -> b
assumeNotNull x -> =
# Comparisons and logic
equals x x -> b @==
notEquals x x -> b @!=
less x x -> b @<
greater x x -> b @>
lessOrEquals x x -> b @<=
greaterOrEquals x x -> b @>=
and b b b* -> b
or b b b* -> b
xor b b -> b
not b -> b
# Texts
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
concat t t* -> s
concatWithSeparator c t t* -> s
substring s n n? -> s
substringUTF8 s n n? -> s
left s n -> s
right s n -> s
leftUTF8 s n -> s
rightUTF8 s n -> s
trim s c? -> s
trimLeft s c? -> s
trimRight s c? -> s
ltrim s -> s trimLeft
rtrim s -> s trimRight
startsWith s s -> b
endsWith s s -> b
# Searching in texts
position s s -> n
positionUTF8 s s -> n
positionCaseInsensitive s s -> n
positionCaseInsensitiveUTF8 s s -> n
like s s -> b @like
ilike s s -> b @ilike
notLike s s -> b @not_like
notILike s s -> b @not_ilike
match s s -> b @=~
countSubstrings s s -> n
countSubstringsCaseInsensitive s s -> n
countMatches s c -> n
multiSearchAny s a -> b
# Replacing and splitting
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
splitByWhitespace t -> a
alphaTokens t -> a
arrayStringConcat a c? -> s
# Encodings and hashes
base64Encode s -> s
base64Decode s -> s tryBase64Decode
cityHash64 x x* -> n
# URLs
domain s -> s
domainWithoutWWW s -> s
topLevelDomain s -> s
firstSignificantSubdomain s -> s
cutToFirstSignificantSubdomain s -> s
port s -> n
protocol s -> s
path s -> s
pathFull s -> s
queryString s -> s
fragment s -> s
cutQueryString s -> s
cutFragment s -> s
cutWWW s -> s
cutURLParameter s c -> s
extractURLParameter s c -> s
extractURLParameters t -> a
extractURLParameterNames t -> a
URLPathHierarchy t -> a
decodeURLComponent s -> s
encodeURLComponent s -> s
# JSON
JSONExtract s x x* -> x @json
JSONExtractString s x* -> s
JSONExtractInt s x* -> n
JSONExtractFloat s x* -> n
JSONExtractBool s x* -> b
JSONExtractRaw s x* -> s
JSONExtractArrayRaw t x* -> a
JSONExtractKeys t x* -> a
JSONType s x* -> s
JSONHas s x x* -> b
JSONLength s x* -> n
JSONArrayLength s -> n
isValidJSON s -> b
# Dates and times
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
toISOWeek d -> n
toWeek d m? -> n
toYearWeek d m? -> n
toYYYYMM d -> n
toYYYYMMDD d -> n
toUnixTimestamp d -> n
fromUnixTimestamp n -> d @fromUnix
toStartOfYear d -> d
toStartOfQuarter d -> d
toStartOfMonth d -> d
toStartOfISOYear d -> d
toStartOfWeek d m? -> d
toMonday d -> d
toStartOfDay d -> d
toStartOfHour d -> d
toStartOfMinute d -> d
toStartOfFiveMinutes d -> d
toStartOfTenMinutes d -> d
toStartOfFifteenMinutes d -> d
dateTrunc u d -> d
date_trunc u d -> d dateTrunc
age u d d -> n
dateDiff u d d -> n
date_diff u d d -> n dateDiff
toStartOfInterval d i -> d
toLastDayOfMonth d -> d
dateName u d -> s
monthName d -> s
addSeconds d n -> d
addMinutes d n -> d
addHours d n -> d
addDays d n -> d
addWeeks d n -> d
addMonths d n -> d
addQuarters d n -> d
addYears d n -> d
subtractSeconds d n -> d
subtractMinutes d n -> d
subtractHours d n -> d
subtractDays d n -> d
subtractWeeks d n -> d
subtractMonths d n -> d
subtractQuarters d n -> d
subtractYears d n -> d
toTimeZone d c -> d
formatDateTime d c c? -> s
# Lengths of time
toIntervalSecond n -> i
toIntervalMinute n -> i
toIntervalHour n -> i
toIntervalDay n -> i
toIntervalWeek n -> i
toIntervalMonth n -> i
toIntervalQuarter n -> i
toIntervalYear n -> i
# Lists
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
arrayReverseSort a -> a
arrayIntersect a a a* -> a
arrayPopBack a -> a
arrayPopFront a -> a
arrayPushBack a x -> a
arrayPushFront a x -> a
arrayZip a a a* -> a
arrayEnumerate a -> a
countEqual a x -> n
arrayUniq a -> n
arraySum a -> n @sum
arrayAvg a -> n @avg
arrayMin a -> x
arrayMax a -> x
arrayMap l a a* -> a
arrayFilter l a a* -> a
arrayExists l a a* -> b
arrayAll l a a* -> b
arrayCount l a a* -> n
arrayFirst l a a* -> x
arrayLast l a a* -> x
arrayFirstIndex l a a* -> n
tuple x x* -> y
array x* -> a
"""

_AGGREGATES = """
# Aggregates
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
anyLastIf x b -> =
avgWeighted n n -> n
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
corr n n -> n
groupUniqArray x -> a
groupArray x -> a
groupArrayIf x b -> a
groupUniqArrayIf x b -> a
"""

# What answers with several rows or values, which a SELECT may have and a series not.
_IN_STATEMENTS = """
# In statements
arrayJoin a -> x
range k k? k? -> a @range
topK x -> a
topKIf x b -> a
quantiles n -> a quantilesExactInclusive
quantilesIf n b -> a quantilesExactInclusiveIf
groupConcat s -> s
toJSONString x -> s
toTypeName x -> s
toInt32 x -> n @int
toInt64 x -> n @int
toUInt32 x -> n @int
toUInt64 x -> n @int
toIntOrZero x -> n @intOrZero
toFloat32 x -> n @float
toFloat64 x -> n @float
dateAdd u n d -> d @dateAdd
date_add u n d -> d @dateAdd
dateSub u n d -> d @dateSub
date_sub u n d -> d @dateSub
any_value x -> = any
tupleElement y k -> x
"""

_WINDOWS = """
# Windows
row_number -> n
rank -> n
dense_rank -> n
percent_rank -> n
cume_dist -> n
ntile k -> n
lag x k? x? -> =first
lead x k? x? -> =first
lagInFrame x k? x? -> =first
leadInFrame x k? x? -> =first
first_value x -> =first
last_value x -> =first
nth_value x k -> =first
"""

# What is known of ClickHouse, and why it is not here.
_BOMB = "it makes much of little"
_ONE_EVENT_MANY = "it would make several events of one"
_NOT_ONE = "it answers with several values, and a series has one"
REFUSED = {
    **dict.fromkeys(("range", "repeat", "space", "leftPad", "rightPad", "arrayWithConstant", "arrayResize"), _BOMB),
    **dict.fromkeys(("format", "ngrams", "arrayFlatten", "replicate", "bitmapBuild"), _BOMB),
    "arrayJoin": f"{_ONE_EVENT_MANY}; arrayExists, arrayCount and arrayMap go through a list",
    "explode": _ONE_EVENT_MANY,
    "topK": f"{_NOT_ONE}; a breakdown shows the most frequent values",
    "topKIf": f"{_NOT_ONE}; a breakdown shows the most frequent values",
    "quantiles": f"{_NOT_ONE}; write a series for each quantile(0.9)(x)",
    "quantilesIf": f"{_NOT_ONE}; write a series for each quantileIf(0.9)(x, condition)",
    "map": "there are no maps; what is inside a property is properties.a.b",
    "mapFromArrays": "there are no maps; what is inside a property is properties.a.b",
    "toTypeName": "properties are text; JSONType(x) tells what JSON they hold",
    **dict.fromkeys(("rand", "rand32", "rand64", "generateUUIDv4", "now64"), "it answers otherwise each time"),
}

UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
# Aggregates that take a constant in parentheses of their own: quantile(0.9)(x), a share from 0 to 1.
# `topK(5)(x)`: how many, from 1 to 1000; `quantiles(0.5, 0.9)(x)` takes several shares.
PARAMETRIC = frozenset({"quantile", "quantileIf", "quantiles", "quantilesIf", "topK", "topKIf"})
COUNTED = frozenset({"topK", "topKIf"})
SEVERAL = frozenset({"quantiles", "quantilesIf"})


@dataclass(frozen=True, slots=True)
class Function:
    """`target` is ClickHouse's name, or `@` and the name of a rule of the printer."""

    name: str
    takes: tuple[str, ...]
    gives: str
    target: str
    group: str
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
    found, group = {}, ""
    for line in text.strip().splitlines():
        if line.startswith("# "):
            group = line[2:]
            continue
        left, _, right = line.partition(" -> ")
        name, *takes = left.split()
        gives, *target = right.split()
        target_name = target[0].replace("_", " ") if target and target[0].startswith("@") else (target or [name])[0]
        found[name] = Function(name, tuple(takes), gives, target_name, group, is_aggregate)
    return found


SCALARS = _table(_SCALARS, is_aggregate=False)
AGGREGATES = _table(_AGGREGATES, is_aggregate=True)
FUNCTIONS = {**SCALARS, **AGGREGATES}
_ALSO_AGGREGATES = ("topK", "topKIf", "quantiles", "quantilesIf", "groupConcat", "any_value")
IN_STATEMENTS = {
    name: replace(row, is_aggregate=name in _ALSO_AGGREGATES)
    for name, row in _table(_IN_STATEMENTS, is_aggregate=False).items()
}
WINDOWS = _table(_WINDOWS, is_aggregate=False)
_ANY_CASE = {name.lower(): name for name in reversed({**FUNCTIONS, **IN_STATEMENTS, **WINDOWS})}


def known_name(name: str, known: Mapping[str, Function]) -> str:
    """`SUM` and `countif` are written as well."""
    if name in known:
        return name
    found = _ANY_CASE.get(name.lower(), name)
    return found if found in known else name


# Numbers without a fraction.
WHOLE = frozenset({"count", "countIf", "toInt", "dateDiff", "date_diff", "age", "length", "lengthUTF8", "char_length"})
WHOLE |= {"row_number", "rank", "dense_rank", "ntile", "arrayUniq", "countEqual", "arrayCount", "toUnixTimestamp"}
WHOLE |= {name for name in AGGREGATES if name.startswith(("uniq", "countDistinct"))}
# Whatever they are given, these answer with a value.
NEVER_NULL = frozenset({"isNull", "isNotNull", "count", "countIf", "now", "today", "yesterday", "concat"})
NEVER_NULL |= {name for name in AGGREGATES if name.startswith(("uniq", "countDistinct"))}
