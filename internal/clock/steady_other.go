//go:build !linux

package clock

import "time"

// Steady is the time since the process started. Nobody sets it.
func Steady() time.Duration { return time.Since(started) }

var started = time.Now()
