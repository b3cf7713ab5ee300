"""Pure margin arithmetic: values in, values out. No Django, no clock, no I/O.

Where to find a rule:
positions and legs `valuation`, schedules and haircuts `tiers`, pools `pools`, levels `risk`, prices in doubt
`doubt`, one whole account `exact`, liquidation and bankruptcy prices `liquidation`, the distance to trouble
`distance`, top-ups and withdrawals `funding`, caps `limits`, what becomes of a finding `breach`, rounding at
the edge `shown`.
"""
