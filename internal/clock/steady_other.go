//go:build !linux

package clock

import "time"

// Steady is the time since the process started. Nobody sets it.
func Steady() time.Duration { return time.Since(started) } //nolint:forbidigo // this is the clock that cannot be set

var started = time.Now() //nolint:forbidigo // its beginning
