package loadtest

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

func drawAll(s *Schedule) (all []Arrival) {
	for {
		a, ok := s.Next()
		if !ok {
			return all
		}
		all = append(all, a)
	}
}

func TestSeedDeterminesArrivals(t *testing.T) {
	draw := func(seed uint64) []Arrival {
		return drawAll(NewSchedule(DefaultMix, 5000, time.Second, false, seed))
	}
	one, again, other := draw(1), draw(1), draw(2)
	if len(one) != len(again) {
		t.Fatalf("one seed drew %d and %d arrivals", len(one), len(again))
	}
	for i := range one {
		if one[i] != again[i] {
			t.Fatalf("arrival %d differs under one seed: %+v, %+v", i, one[i], again[i])
		}
	}
	if one[0].Due == other[0].Due {
		t.Error("another seed draws the same arrivals")
	}
	arrivals, fresh := NewSchedule(DefaultMix, 5000, time.Second, false, 1).Count()
	count := 0
	for _, a := range one {
		if a.Kind == Fresh {
			count++
		}
	}
	if arrivals != len(one) || fresh != count {
		t.Errorf("counted %d arrivals and %d fresh, drew %d and %d", arrivals, fresh, len(one), count)
	}
}

// A Poisson process of rate r has gaps of mean 1/r and standard deviation 1/r.
func TestArrivalsAreAPoissonProcess(t *testing.T) {
	const rate, seconds = 5000, 20
	all := drawAll(NewSchedule(DefaultMix, rate, seconds*time.Second, false, 3))
	if n, sigma := float64(len(all)), math.Sqrt(rate*seconds); math.Abs(n-rate*seconds) > 5*sigma {
		t.Errorf("%v arrivals in %d s at %d/s", n, seconds, rate)
	}
	last, sum, squares := time.Duration(0), 0.0, 0.0
	for _, a := range all {
		if a.Due < last || a.Due >= seconds*time.Second {
			t.Fatalf("due %v after %v", a.Due, last)
		}
		gap := (a.Due - last).Seconds() * rate
		sum, squares, last = sum+gap, squares+gap*gap, a.Due
	}
	mean := sum / float64(len(all))
	deviation := math.Sqrt(squares/float64(len(all)) - mean*mean)
	if math.Abs(mean-1) > 0.02 || math.Abs(deviation-1) > 0.03 {
		t.Errorf("gaps have mean %.3f and deviation %.3f of 1/rate, expected 1 and 1", mean, deviation)
	}
}

func TestUniformArrivalsAreEvenlySpaced(t *testing.T) {
	all := drawAll(NewSchedule(DefaultMix, 3000, 2*time.Second, true, 1))
	if len(all) != 6000 {
		t.Fatalf("%d arrivals, expected 6000", len(all))
	}
	for i, a := range all {
		if due := time.Duration(float64(i) / 3000 * 1e9); (a.Due - due).Abs() > time.Microsecond {
			t.Fatalf("arrival %d is due at %v, expected %v", i, a.Due, due)
		}
	}
}

func TestKindsFollowTheMix(t *testing.T) {
	all := drawAll(NewSchedule(DefaultMix, 100_000, time.Second, true, 5))
	var count [kindCount]float64
	for _, a := range all {
		count[a.Kind]++
	}
	for k, w := range DefaultMix {
		share := float64(w) / float64(DefaultMix.sum())
		expected := share * float64(len(all))
		if math.Abs(count[k]-expected) > 5*math.Sqrt(expected*(1-share))+1 {
			t.Errorf("%s came %.0f times, expected about %.0f", Kind(k), count[k], expected)
		}
	}
}

// The entrance, the platform gate and the conductor see a pass within a few thousand others.
func TestRescansAreRecent(t *testing.T) {
	shown, recent, rescans := uint32(0), 0.0, 0.0
	farthest := uint32(0)
	for _, a := range drawAll(NewSchedule(DefaultMix, 100_000, 2*time.Second, true, 7)) {
		switch {
		case a.Kind == Fresh:
			if a.Which != shown {
				t.Fatalf("fresh pass %d, want %d", a.Which, shown)
			}
			shown++
		case a.Kind == Rescan, a.Shown:
			if a.Which >= shown {
				t.Fatalf("%s shows pass %d of only %d shown before", a.Kind, a.Which, shown)
			}
			rescans++
			back := shown - a.Which
			farthest = max(farthest, back)
			if back <= 4000 {
				recent++
			}
		}
	}
	if share := recent / rescans; share < 0.75 || share > 0.9 {
		t.Errorf("%.0f %% of rescans go back at most 4000 passes, expected about 80 %%", 100*share)
	}
	if farthest < shown/2 {
		t.Errorf("no rescan goes back more than %d of %d passes: the tail is missing", farthest, shown)
	}
}

func TestRescansFollowAFreshPass(t *testing.T) {
	for seed := range uint64(50) {
		s := NewSchedule(Mix{Fresh: 1, Rescan: 99, Tampered: 99}, 1000, time.Second, false, seed)
		shown := false
		for _, a := range drawAll(s) {
			if a.Kind == Rescan && !shown || a.Shown && !shown {
				t.Fatalf("seed %d: a pass is shown again before any was shown", seed)
			}
			shown = shown || a.Kind == Fresh
		}
	}
}

// A reused code was shown long enough before, and recently enough that its passage still counts.
func TestReusedPassesWereUsed(t *testing.T) {
	s := NewSchedule(Mix{Fresh: 3, Rescan: 3, Reused: 4}, 100, 4*time.Minute, false, 11)
	var due []time.Duration
	reused, recent, ancient := 0, false, false
	for _, a := range drawAll(s) {
		switch a.Kind {
		case Fresh:
			due = append(due, a.Due)
		case Reused:
			reused++
			age := a.Due - due[a.Which]
			if age < reuseAtSame || age > reuseBefore {
				t.Fatalf("a pass is reused %v after it was shown", age)
			}
			recent, ancient = recent || age < 2*reuseAtSame, ancient || age > reuseBefore-reuseAtSame
		}
	}
	if reused < 8000 || !recent || !ancient {
		t.Errorf("%d reused, some of just now: %v, some of long ago: %v", reused, recent, ancient)
	}
}

func TestMixRoundTrips(t *testing.T) {
	for _, m := range []Mix{DefaultMix, {Fresh: 1}, {Revoked: 3}, {Fresh: 1, Reused: 2}, {Fresh: 7, Rescan: 100, Tampered: 1}} {
		got, err := ParseMix(m.String())
		if err != nil || got != m {
			t.Errorf("%s: got %s, %v", m, got, err)
		}
	}
	if got, err := ParseMix("stale=2"); err != nil || got != (Mix{Stale: 2}) {
		t.Errorf("omitted kinds: got %s, %v", got, err)
	}
}

func TestInvalidMixIsRefused(t *testing.T) {
	for text, complaint := range map[string]string{
		"":                    "no kind",
		"fresh":               "weight of fresh",
		"fresh=":              "weight of fresh",
		"fresh=-1":            "weight of fresh",
		"fresh=1.5":           "weight of fresh",
		"fresh=1000001":       "weight of fresh",
		"old=1":               `"old"`,
		"fresh=1,fresh=1":     "twice",
		"fresh=0":             "every weight",
		"rescan=1":            "needs fresh",
		"reused=1":            "needs fresh",
		"fresh=1, rescan=1":   `" rescan"`,
		"fresh=1,rescan=1,":   "no kind",
		"fresh=1=1":           "weight of fresh",
		"fresh=0x10,stale=10": "weight of fresh",
	} {
		if _, err := ParseMix(text); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%q: got error %v, expected one with %q", text, err, complaint)
		}
	}
}

// The results in bench/results were measured with these arrivals. The expected values were
// recorded before openloop drew their times.
func TestScheduleEqualsThatOfRecordedResults(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("math.Exp may differ in its last bit elsewhere")
	}
	for _, c := range []struct {
		uniform bool
		seed    uint64
		n       int
		hash    uint64
	}{
		{false, 1, 9868, 0x52d327f7bdd7a4a1}, {false, 7, 9875, 0xe68f1d4981d2028e},
		{true, 1, 10000, 0x4d6ef5e5450c850e}, {true, 7, 10000, 0x4400e828f4b14c69},
	} {
		all, hash := drawAll(NewSchedule(DefaultMix, 5000, 2*time.Second, c.uniform, c.seed)), fnv.New64a()
		for _, a := range all {
			for _, v := range []uint64{uint64(a.Due), uint64(a.Kind), uint64(a.Which), a.Dice} {
				hash.Write(binary.LittleEndian.AppendUint64(nil, v))
			}
			shown := byte(0)
			if a.Shown {
				shown = 1
			}
			hash.Write([]byte{shown})
		}
		if len(all) != c.n || hash.Sum64() != c.hash {
			t.Errorf("uniform %v, seed %d: %d arrivals with hash %#x, want %d with %#x", c.uniform, c.seed, len(all), hash.Sum64(), c.n, c.hash)
		}
	}
}
