package sqlite

import (
	"strconv"
	"testing"
)

// TestPlacesRoom: of a hundred thousand members nearly all are remembered, and hardly one is taken for another.
func TestPlacesRoom(t *testing.T) {
	const members = 100_000
	p := newPlaces()
	for i := range int64(members) {
		p.put(1, strconv.FormatInt(i, 10), i+1)
		p.put(1, strconv.FormatInt(i, 10), i+1) // takes no second place
	}
	forgotten, wrong := 0, 0
	for i := range int64(members) {
		switch p.get(1, strconv.FormatInt(i, 10)) {
		case i + 1:
		case 0:
			forgotten++
		default:
			wrong++
		}
	}
	if forgotten > members/50 || wrong > members/500 {
		t.Errorf("of %d members %d are forgotten and %d taken for others", members, forgotten, wrong)
	}
	if p.put(1, "m", 1<<48); p.get(1, "m") != 0 {
		t.Error("a place that does not fit is remembered")
	}
}
