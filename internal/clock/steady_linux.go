package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// Steady is the time since the machine started, what it slept among it. Nobody sets it.
func Steady() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) // every kernel that Go runs on has it
	return time.Duration(t.Nano())
}
