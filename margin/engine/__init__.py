"""Pure margin arithmetic: values in, values out. No Django, no clock, no I/O.

Where to find a rule:

- one account        `exact` (start here), its nouns `types` and `figures`
- positions, legs    `valuation`; schedules and haircuts `tiers`; pools and collateral `pools`
- levels             `risk` (measured), `steadied` (shown), `doubt` (prices in doubt), `prices` (missing ones)
- whole cross pools  `portfolio`, `concentration`, `whole`, their rules as data `terms`
- prices that hurt   `liquidation`; `distance`; how they are found: `falls`, then `hill`, `curves`, `search`
- money in and out   `funding`; account tests of a jurisdiction `profiles`
- limits             `limits`, what becomes of a finding `breach`
- orders and plans   `pretrade`, `trades`, `plan`
- the whole book     `exposure`, `correlation`, `stress`, `cascade`
- at full speed      `vector` over `columns`, its loops in `kernels` and `price_kernels`
- why                `explain`, `bridge`; rounding at the edge `shown`
"""
