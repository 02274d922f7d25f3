package postgres_test

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends a process with the test, however the test ends.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
