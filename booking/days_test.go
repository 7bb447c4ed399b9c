package booking_test

import (
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/tokens"
)

const (
	hour    = 3600
	minute  = 60
	dayLong = 24 * hour
)

// today is a railway day; its first second is midnight in Beijing.
const today = 20780

var midnight = tokens.DayStart(today)

func TestDaysOfJourneys(t *testing.T) {
	for _, c := range []struct {
		name                   string
		departs, arrives       int64 // seconds after midnight
		opens                  int64
		firstOffset, lastOfset int
	}{
		{"a day trip", 10 * hour, 15 * hour, 3 * hour, -1, 1},
		{"a night train", 22 * hour, 31 * hour, 3 * hour, -1, 2},
		{"three nights", 22 * hour, 78 * hour, 3 * hour, -1, 4},
		// A credential of the last second of the day before yesterday expires in the last second of yesterday, and
		// is not admitted in that second.
		{"opens a second before midnight", 3*hour - 1, 5 * hour, 3 * hour, -1, 1},
		{"opens two seconds before midnight", 3*hour - 2, 5 * hour, 3 * hour, -2, 1},
		{"boards before it opens", 1 * hour, 5 * hour, 10 * minute, -2, 1},
		// With the day of grace and the tolerance of the checker, the last scan is 5 s after the arrival's second.
		{"arrives before midnight", 10 * hour, dayLong - tokens.Ahead - 1, 3 * hour, -1, 1},
		{"arrives just before midnight", 10 * hour, dayLong - tokens.Ahead, 3 * hour, -1, 2},
	} {
		first, last := booking.Days(midnight+c.departs, midnight+c.arrives, c.opens)
		if int(first)-today != c.firstOffset || int(last)-today != c.lastOfset {
			t.Errorf("%s: days %+d to %+d, want %+d to %+d", c.name, int(first)-today, int(last)-today, c.firstOffset, c.lastOfset)
		}
	}
}

// The days are exactly those of credentials that the checker admits at a scan at which the ticket is held: this test
// tries every approval near the edges of days against every scan near the edges of the journey.
func TestDaysAreThoseOfCredentialsThatCanBeScanned(t *testing.T) {
	for _, departs := range []int64{0, 1, 2*hour - 1, 2 * hour, 3*hour - 1, 3 * hour, 3*hour + 1, 12 * hour, dayLong - 1} {
		for _, took := range []int64{1, 5 * hour, dayLong - 6, dayLong - 5, dayLong, 3 * dayLong} {
			for _, opens := range []int64{0, hour, 3 * hour, dayLong} {
				departs, arrives := midnight+departs, midnight+departs+took
				first, last := int64(1<<62), int64(0)
				for _, scan := range []int64{departs - max(opens, booking.Boards), departs, arrives, arrives + booking.Grace} {
					// The oldest and the newest credential that the checker admits at the second scan.
					for _, approved := range []int64{scan - tokens.CredentialLife + 1, scan + tokens.Ahead} {
						first, last = min(first, tokens.DayOf(approved)), max(last, tokens.DayOf(approved))
					}
				}
				if f, l := booking.Days(departs, arrives, opens); int64(f) != first || int64(l) != last {
					t.Fatalf("departs %d, arrives %d, opens %d: days %d to %d, want %d to %d", departs, arrives, opens, f, l, first, last)
				}
			}
		}
	}
}

func TestDaysAreLimited(t *testing.T) {
	if first, last := booking.Days(0, 0, 0); first != 1 || last != 1 {
		t.Errorf("1970: days %d to %d, want 1", first, last)
	}
	if first, last := booking.Days(1<<40, 1<<40, 0); first != 1<<16-1 || last != 1<<16-1 {
		t.Errorf("far future: days %d to %d, want the last", first, last)
	}
}
