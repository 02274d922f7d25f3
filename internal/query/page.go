package query

// Page cuts a page out of a list; no counts from 1. A page beyond the last is empty, however large its number.
func Page[T any](list []T, no, size int) []T {
	from := len(list)
	if no-1 <= len(list)/size {
		from = min(from, (no-1)*size)
	}
	return list[from:min(len(list), from+size)]
}
