//go:build !unix

package pgtemp

import "os/exec"

// apart does nothing: without a shell there is no server to run.
func apart(*exec.Cmd, account) {}
