package sqlite

// SetSync replaces the sync of the log, and returns what it was.
func (s *Store) SetSync(sync func() error) (was func() error) {
	s.syncer.mu.Lock()
	defer s.syncer.mu.Unlock()
	was, s.syncer.sync = s.syncer.sync, sync
	return was
}
