//go:build !unix

package pgtemp

import "os/exec"

// detach does nothing: without a shell there is no server to run.
func detach(*exec.Cmd, account) {}
