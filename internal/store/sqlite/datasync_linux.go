package sqlite

import (
	"os"
	"syscall"
)

// dataSync returns when the disk has a file's bytes, and of what describes it as much as it takes to read them.
func dataSync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
