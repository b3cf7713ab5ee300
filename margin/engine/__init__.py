"""Pure margin arithmetic: values in, values out. No Django, no clock, no I/O.

Where to find a rule:

- one account        `exact` (start here), its nouns `types` and `figures`, what it must satisfy `borders`
- positions, legs    `valuation`; schedules and haircuts `tiers`; pools, collateral and debts `pools`
- equity, leverage   `exact`; house buffer `types`; free margin, utilisation, measured level `risk`
- levels in time     shown `steadied`; prices in `doubt`, missing `prices`; hours `calendar`, `local_time`
- whole cross pools  `portfolio`, `concentration`, `whole`, their rules as data `terms`
- prices that hurt   `liquidation` and bankruptcy; `distance`, next event; found by `falls`: a `hill`, else
                     `curves` of what is `moving`, `shocked` as a whole, with `roots`; by `search` over jumps
- money in and out   `funding`: top-up, withdrawable; account tests of a jurisdiction `profiles`
- limits             `limits`, by kind `measures`, of a book `whole_measures`, of whom `capped`, in doubt
                     `cap_range`; then `breach`
- orders and plans   `orders` and what rests of them, `pretrade` and its `verdict`, `plan`, fills: `trades`;
                     linear accounts without fractions: `integers`
- the whole book     `exposure`, `correlation` (direction, crowds), `stress`, `cascade`
- margin calls       `call`: what is asked for, and what becomes of it
- at full speed      `vector`, `book_distances`, `book_accounts`, `book_shown` over `columns`, `ticks`; their
                     loops, `compiled`: `kernels`, `price_kernels`, `scenario_kernels`,
                     `tick_kernels`, `distance_kernels`, `fall_kernels`
- why                `explain`, `explain_sums`, `bridge`; rounding at the edge `shown`; the number `rational`
"""
