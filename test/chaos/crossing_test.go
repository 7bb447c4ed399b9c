package main

import (
	"testing"
	"time"
)

func TestDoubleEntriesAreComparedWithTheBound(t *testing.T) {
	began := time.Unix(1_770_681_600, 0)
	scan := func(gateway int, after time.Duration, admitted bool) crossed {
		return crossed{gateway: gateway, sent: began.Add(after), answered: began.Add(after + time.Millisecond), admitted: admitted}
	}
	for _, c := range []struct {
		name                string
		isolated            uint
		scans               []crossed
		count, bound, wrong int
	}{
		{"one admission", 0, []crossed{scan(0, 0, true), scan(1, 2*streamLag, false)}, 0, 0, 0},
		{"two scans within the lag", 0, []crossed{scan(0, 0, true), scan(1, streamLag/2, true)}, 1, 1, 0},
		{"within the lag, and refused", 0, []crossed{scan(0, 0, true), scan(1, streamLag/2, false)}, 0, 1, 0},
		{"beyond the lag", 0, []crossed{scan(0, 0, true), scan(1, 2*streamLag, true)}, 1, 0, 1},
		{"the same gateway twice", 0, []crossed{scan(0, 0, true), scan(0, time.Millisecond, true)}, 1, 0, 1},
		{"an isolated gateway", 0b10, []crossed{scan(0, 0, true), scan(1, 3*streamLag, true)}, 1, 1, 0},
		{"an isolated gateway twice", 0b10, []crossed{scan(1, 0, true), scan(1, 3*streamLag, true)}, 1, 0, 1},
		{"all isolated", 0b111, []crossed{scan(0, 0, true), scan(1, 3*streamLag, true), scan(2, 6*streamLag, true)}, 2, 2, 0},
		{"one isolated, and the two others", 0b1, []crossed{scan(0, 0, true), scan(1, 3*streamLag, true), scan(2, 6*streamLag, true)}, 2, 1, 1},
	} {
		x := crossing{isolated: c.isolated, scans: c.scans}
		count, bound, wrong := x.doubles()
		if count != c.count || bound != c.bound || len(wrong) != c.wrong {
			t.Errorf("%s: %d double entries, bound %d, %d wrong; want %d, %d, %d", c.name, count, bound, len(wrong), c.count, c.bound, c.wrong)
		}
	}
}
