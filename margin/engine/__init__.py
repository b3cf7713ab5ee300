"""Pure margin arithmetic: values in, values out. No Django, no clock, no I/O."""
