"""Pure builders of Plotly figures: plain data in, a plain dict out, one builder a chart.

Colours are names of the site's tokens (`var(--series-1)`); the page resolves them for its theme, so that one
figure serves dark and light. Nothing here knows of Django, a clock or a request.
"""
