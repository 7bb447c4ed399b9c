package passage_test

import (
	"testing"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens"
)

func TestRecentPassagesOfAStation(t *testing.T) {
	const now = int64(1_770_681_600_000)
	table, err := passage.NewTable(1000, passage.CodeLife*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	table.Turn(now - 200_000)
	want := map[passage.Recent]bool{}
	for i := range uint32(100) {
		p := passage.Passage{Serial: tokens.Serial{Day: uint16(20000 + i%3), Index: i << 20}, Way: passage.Way(i % 2), Step: uint8(i % 30), At: now - int64(i)*1000,
			Station: []string{"A", "B"}[i/50], Device: "d"}
		if i == 60 {
			table.Turn(now - 60_000) // into the next generation
		}
		table.Merge(&p)
		if p.Station == "A" && p.At >= now-30_000 {
			want[passage.Recent{Serial: p.Serial, Way: p.Way, State: p.State, Step: p.Step, At: p.At}] = true
		}
	}
	n := len(want)
	for p := range table.Recent("A", now-30_000, now) {
		if !want[p] {
			t.Errorf("yielded %+v", p)
		}
		delete(want, p)
	}
	if n != 31 || len(want) > 0 {
		t.Errorf("of %d passages these were not yielded: %v", n, want)
	}
	for range table.Recent("A", 0, now) {
		break // a consumer may stop
	}
}
