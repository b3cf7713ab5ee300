"""The account tests of jurisdictions, as data.

Retail clients of contracts for difference: closed out below half of the total initial margin, never owing
more than they paid in. The European and British rules speak of the margin paid at opening, the Australian
one of the margin required now.
"""

from datetime import date

from margin.engine.profiles import Denominator, Profile
from margin.engine.rational import Fraction

HALF, TENTH = Fraction(1, 2), Fraction(1, 10)

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("retail_eu", HALF, Denominator.AT_OPENING, True, TENTH, date(2018, 8, 1)),
        Profile("retail_uk", HALF, Denominator.AT_OPENING, True, TENTH, date(2019, 8, 1)),
        Profile("retail_au", HALF, Denominator.NOW, True, None, date(2021, 3, 29)),
    )
}
