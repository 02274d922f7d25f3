package main

import (
	"fmt"
	"time"

	"recoup/internal/top"
)

// A moment is a time on the command line, in GMT+8: a day, or a day with the time of it. A day means all of it: from its beginning, or to its
// end.
type moment struct {
	at  time.Time
	day bool
}

// UnmarshalText reads a moment.
func (m *moment) UnmarshalText(text []byte) error {
	var err error
	if m.at, err = time.ParseInLocation("2006-01-02", string(text), top.GMT8); err == nil {
		m.day = true
		return nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if m.at, err = time.ParseInLocation(layout, string(text), top.GMT8); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no time; want one like 2026-03-31 or \"2026-03-31 18:00:00\" (GMT+8)", text)
}

// from is the first millisecond since 1970 that is meant, 0 if none was given.
func (m *moment) from() int64 {
	if m.at.IsZero() {
		return 0
	}
	return m.at.UnixMilli()
}

// to is the last one.
func (m *moment) to() int64 {
	switch {
	case m.at.IsZero():
		return 0
	case m.day:
		return m.at.AddDate(0, 0, 1).UnixMilli() - 1
	}
	return m.at.UnixMilli() + 999
}

// nowMilli is the moment in milliseconds since 1970.
func nowMilli() int64 { return time.Now().UnixMilli() }
