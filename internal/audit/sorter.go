package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
	"slices"
)

const (
	// sortMemory is how many bytes of records a sorter keeps before it writes them out as a sorted run. With the index beside them
	// this is all the memory that an audit needs, however long the history.
	sortMemory = 16 << 20
	// sortRuns is how many runs are merged at once; more are first merged into one.
	sortRuns = 256
	// runBuffer is the buffer of one run that is being written or read.
	runBuffer = 64 << 10
)

// A sorter takes records in any order and gives them back in byte order. What does not fit into memory lies in temporary files.
type sorter struct {
	memory int // bytes of records before a run is written
	dir    string
	runs   []*os.File
	buf    []byte
	index  []entry
	count  int64
}

// An entry finds a record in the buffer. Most comparisons are settled by its first bytes.
type entry struct {
	prefix   uint64
	from, to uint32
}

func newSorter() *sorter { return &sorter{memory: sortMemory} }

// add takes a copy of a record.
func (s *sorter) add(record []byte) error {
	if len(s.buf) > 0 && len(s.buf)+len(record) > s.memory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	var head [8]byte
	copy(head[:], record)
	from := uint32(len(s.buf))
	s.buf = append(s.buf, record...)
	s.index = append(s.index, entry{binary.BigEndian.Uint64(head[:]), from, uint32(len(s.buf))})
	s.count++
	return nil
}

// sort orders what is in memory.
func (s *sorter) sort() {
	slices.SortFunc(s.index, func(a, b entry) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return bytes.Compare(s.buf[a.from:a.to], s.buf[b.from:b.to])
	})
}

// memoryRun gives the records in memory, in order.
func (s *sorter) memoryRun() *run {
	s.sort()
	i := 0
	return &run{next: func(*run) ([]byte, error) {
		if i == len(s.index) {
			return nil, io.EOF
		}
		e := s.index[i]
		i++
		return s.buf[e.from:e.to], nil
	}}
}

// spill writes what is in memory out as a run.
func (s *sorter) spill() error {
	if len(s.runs) == sortRuns {
		if err := s.compact(); err != nil {
			return err
		}
	}
	if err := s.write(s.memoryRun()); err != nil {
		return err
	}
	s.buf, s.index = s.buf[:0], s.index[:0]
	return nil
}

// compact merges all runs into one.
func (s *sorter) compact() error {
	old := s.runs
	s.runs = nil
	runs, err := fileRuns(old)
	if err == nil {
		err = s.write(runs...)
	}
	for _, f := range old {
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return err
}

// write merges runs into a new file.
func (s *sorter) write(runs ...*run) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "recoup-verify-")
		if err != nil {
			return err
		}
		s.dir = dir
	}
	f, err := os.CreateTemp(s.dir, "run-")
	if err != nil {
		return err
	}
	s.runs = append(s.runs, f)
	w := bufio.NewWriterSize(f, runBuffer)
	var length []byte
	for record, err := range merge(runs) {
		if err != nil {
			return err
		}
		length = binary.AppendUvarint(length[:0], uint64(len(record)))
		_, _ = w.Write(length) // an error stays until Flush
		_, _ = w.Write(record)
	}
	return w.Flush()
}

// sorted gives every record in order. A record is valid until the next one; nothing may be added any more.
func (s *sorter) sorted() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		runs, err := fileRuns(s.runs)
		if err != nil {
			yield(nil, err)
			return
		}
		left := s.count
		for record, err := range merge(append(runs, s.memoryRun())) {
			if left--; !yield(record, err) || err != nil {
				return
			}
		}
		if left != 0 {
			yield(nil, errRecord)
		}
	}
}

// close removes the temporary files.
func (s *sorter) close() error {
	var err error
	for _, f := range s.runs {
		err = errors.Join(err, f.Close())
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	*s = sorter{}
	return err
}

// A run is a sorted sequence that is being read.
type run struct {
	head []byte // the next record
	next func(*run) ([]byte, error)
	kept []byte // owned by next: memory for head
}

// fileRuns reads files from their beginning.
func fileRuns(files []*os.File) ([]*run, error) {
	runs := make([]*run, 0, len(files)+1)
	for _, f := range files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		in := bufio.NewReaderSize(f, runBuffer)
		runs = append(runs, &run{next: func(r *run) ([]byte, error) {
			n, err := binary.ReadUvarint(in)
			if err != nil {
				return nil, err
			}
			r.kept = slices.Grow(r.kept[:0], int(n))[:n]
			if _, err := io.ReadFull(in, r.kept); errors.Is(err, io.EOF) {
				return nil, errRecord // the end may only come before a length
			} else if err != nil {
				return nil, err
			}
			return r.kept, nil
		}})
	}
	return runs, nil
}

// merge gives the records of sorted runs in order.
func merge(runs []*run) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var h runHeap
		for _, r := range runs {
			switch head, err := r.next(r); {
			case err == nil:
				r.head = head
				h = append(h, r)
			case !errors.Is(err, io.EOF):
				yield(nil, err)
				return
			}
		}
		heap.Init(&h)
		for len(h) > 0 {
			r := h[0]
			if !yield(r.head, nil) {
				return
			}
			switch head, err := r.next(r); {
			case err == nil:
				r.head = head
				heap.Fix(&h, 0)
			case errors.Is(err, io.EOF):
				heap.Pop(&h)
			default:
				yield(nil, err)
				return
			}
		}
	}
}

// runHeap has the run with the least head first.
type runHeap []*run

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return bytes.Compare(h[i].head, h[j].head) < 0 }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)        { *h = append(*h, x.(*run)) }

func (h *runHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
