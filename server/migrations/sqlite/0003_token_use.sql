-- Tokens end by themselves, and tell when they were last used.
ALTER TABLE tokens ADD COLUMN expires_at INTEGER;   -- milliseconds since 1970-01-01T00:00:00Z; NULL for never
ALTER TABLE tokens ADD COLUMN last_used_at INTEGER; -- likewise, to about a minute; NULL for not yet
