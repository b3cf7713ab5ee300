"""The same figures made another way, each as its library does it best, to compare results and times with."""
