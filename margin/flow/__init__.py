"""The five steps (feed, recompute, enforce, alert, deliver), the cycle that orders them, and what people do."""
