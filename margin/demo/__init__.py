"""A believable desk to look at: invented people, walking prices, a bad day that comes and goes."""
