package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// Steady is the time since the machine started, what it slept among it. Nobody sets it.
func Steady() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return time.Since(started)
	}
	return time.Duration(t.Nano())
}

var started = time.Now()
