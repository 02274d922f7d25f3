//go:build unix

package pgtemp

import (
	"os/exec"
	"syscall"
)

// detach has a command run under an account, and in a session of its own: what the terminal or a supervisor signals to our process group
// must not reach it, because it cleans up after us.
func detach(cmd *exec.Cmd, who account) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if who.name != "" {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.gid)}
	}
}
