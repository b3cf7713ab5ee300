"""The five steps (feed, recompute, enforce, alert, deliver), the cycle that orders them, and what people do.

A step takes rows and figures and writes rows; nothing here is a door.
"""
