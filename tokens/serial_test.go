package tokens_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
)

var beijing = time.FixedZone("UTC+8", 8*60*60)

// TestDayOfMatchesTheBeijingCalendar covers leap days and times before 1970.
func TestDayOfMatchesTheBeijingCalendar(t *testing.T) {
	epoch := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	check := func(unix int64) {
		t.Helper()
		y, m, d := time.Unix(unix, 0).In(beijing).Date()
		want := int64(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(epoch) / (24 * time.Hour))
		if got := tokens.DayOf(unix); got != want {
			t.Fatalf("DayOf(%d) is %d, want %d", unix, got, want)
		}
	}
	for _, moment := range []time.Time{
		time.Date(1969, 12, 31, 23, 59, 59, 0, beijing), time.Date(1970, 1, 1, 0, 0, 0, 0, beijing),
		time.Date(1970, 1, 1, 7, 59, 59, 0, beijing), time.Date(1970, 1, 1, 8, 0, 0, 0, beijing),
		time.Date(1968, 2, 29, 12, 0, 0, 0, beijing), time.Date(2000, 2, 29, 23, 59, 59, 0, beijing),
		time.Date(2026, 12, 31, 23, 59, 59, 0, beijing), time.Date(2027, 1, 1, 0, 0, 0, 0, beijing),
		time.Date(2028, 2, 28, 23, 59, 59, 0, beijing), time.Date(2028, 2, 29, 0, 0, 0, 0, beijing),
		time.Date(2028, 2, 29, 23, 59, 59, 0, beijing), time.Date(2028, 3, 1, 0, 0, 0, 0, beijing),
		time.Date(2100, 2, 28, 23, 59, 59, 0, beijing), time.Date(2100, 3, 1, 0, 0, 0, 0, beijing),
	} {
		check(moment.Unix())
	}
	random := rand.New(rand.NewPCG(20494, 1))
	for range 20000 {
		check(random.Int64N(1<<33) - 1<<32) // about 1834 to 2106
	}
}

func TestDayStart(t *testing.T) {
	for _, day := range []int64{-40000, -1, 0, 1, 11016, 20494, 21243, math.MaxUint16} {
		first := tokens.DayStart(day)
		if tokens.DayOf(first) != day || tokens.DayOf(first-1) != day-1 || tokens.DayOf(first+86399) != day {
			t.Errorf("day %d does not start at %d", day, first)
		}
		if h, m, s := time.Unix(first, 0).In(beijing).Clock(); h != 0 || m != 0 || s != 0 {
			t.Errorf("day %d starts at %02d:%02d:%02d Beijing time", day, h, m, s)
		}
	}
}

// TestDayOverFollowsTheLastExpiry allows DayOver to be the last expiry of the day or
// one second later.
func TestDayOverFollowsTheLastExpiry(t *testing.T) {
	for _, day := range []uint16{0, 1, 20494, 21243, math.MaxUint16} {
		lastApproval := tokens.DayStart(int64(day)+1) - 1
		lastExpiry := lastApproval + tokens.CredentialLife
		if over := tokens.DayOver(day); over < lastExpiry || over > lastExpiry+1 {
			t.Errorf("day %d is over at %d, its last credential expires at %d", day, over, lastExpiry)
		}
	}
}

func TestParseSerial(t *testing.T) {
	for text, want := range map[string]tokens.Serial{
		"0-0":              {},
		"20494-1042":       {Day: 20494, Index: 1042},
		"65535-4294967295": {Day: math.MaxUint16, Index: math.MaxUint32},
	} {
		got, err := tokens.ParseSerial(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q was parsed as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "-", "1", "1-", "-1", "1-2-3", "01-2", "1-02", "+1-2", "1-+2", "1--2", " 1-2", "1-2 ", "1-2\n",
		"65536-0", "0-4294967296", "0x1-2", "1_0-2", "1.0-2", "１-2", "99999999999999999999-1",
	} {
		if got, err := tokens.ParseSerial(text); err == nil || got != (tokens.Serial{}) {
			t.Errorf("%q was parsed as %v, want an error", text, got)
		}
	}
}
