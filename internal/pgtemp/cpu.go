package pgtemp

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of /proc/PID/stat: the kernel counts otherwise, but tells in hundredths of a second whatever the machine.
const tick = time.Second / 100

// CPU is the processor time of the server so far, over all its runs: of the first process and of all others, those that ended
// included. It is 0 where the kernel does not tell.
func (s *Server) CPU() time.Duration {
	if _, err := readStat(os.Getpid()); err != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == nil {
		return s.spent
	}
	select {
	case <-s.run.ended:
		return s.spent + s.run.spent()
	default:
		return s.spent + familyTime(s.pid())
	}
}

// spent is the processor time of a run that has ended; the kernel adds to each process those it waited for.
func (r *run) spent() time.Duration {
	state := r.cmd.ProcessState
	return state.UserTime() + state.SystemTime()
}

func (s *Server) pidFile() string { return filepath.Join(s.data(), "postmaster.pid") }

// pid is the server's first process, the parent of all others; 0 if it is not known.
func (s *Server) pid() int {
	text, err := os.ReadFile(s.pidFile())
	if err != nil {
		return 0
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	pid, _ := strconv.Atoi(string(line)) // 0 is the answer
	return pid
}

// stat is what /proc tells about a process.
type stat struct {
	parent int
	own    time.Duration // of the process itself
	waited time.Duration // of its children that ended
}

// familyTime is the time of a process and its children. A child that ends while we count would be missed or counted twice; then we count
// again, a few times.
func familyTime(pid int) time.Duration {
	var total time.Duration
	for range 5 {
		before, err := readStat(pid)
		if err != nil {
			return 0
		}
		total = childrenTime(pid)
		after, err := readStat(pid)
		if err != nil {
			return 0
		}
		total += after.own + after.waited
		if before.waited == after.waited {
			break
		}
	}
	return total
}

// childrenTime is the time of the living children of a process.
func childrenTime(pid int) time.Duration {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	var total time.Duration
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, err := readStat(child); err == nil && s.parent == pid {
			total += s.own
		}
	}
	return total
}

// readStat reads /proc/PID/stat: the name in parentheses, which may hold anything, then fields from the third on.
func readStat(pid int) (stat, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	field := func(number int) int {
		if err != nil || number-3 >= len(fields) {
			err = errors.Join(err, errors.New("/proc: a stat without times"))
			return 0
		}
		var n int
		n, err = strconv.Atoi(string(fields[number-3]))
		return n
	}
	s := stat{
		parent: field(4),
		own:    time.Duration(field(14)+field(15)) * tick,
		waited: time.Duration(field(16)+field(17)) * tick,
	}
	return s, err
}
