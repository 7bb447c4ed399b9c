package database

import "time"

// Millis is a point in time as the database keeps it: Unix milliseconds.
type Millis int64

// MillisAt is t in Unix milliseconds; the part below a millisecond is cut off.
func MillisAt(t time.Time) Millis { return Millis(t.UnixMilli()) }

// SecondsAt is the Millis of a time in Unix seconds, as tokens carry it.
func SecondsAt(unix int64) Millis { return Millis(unix * 1000) }

// Time is m as a time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Seconds is m in Unix seconds; the part below a second is cut off.
func (m Millis) Seconds() int64 { return int64(m) / 1000 }

// Add is m later by d.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }

// String is m in RFC 3339, seconds, UTC: the form of audit entries and log lines.
func (m Millis) String() string { return m.Time().Format(time.RFC3339) }
