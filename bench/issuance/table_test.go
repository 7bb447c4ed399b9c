package main

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/bench/measure"
)

// row returns the cells of the row that begins with name, in the n-th table that has it.
func row(t *testing.T, text, name string, n int) []string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| "+name+" |") {
			if n == 0 {
				var cells []string
				for _, c := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
					cells = append(cells, strings.TrimSpace(c))
				}
				return cells
			}
			n--
		}
	}
	t.Fatalf("no row %s in\n%s", name, text)
	return nil
}

func five(s *samples, name, unit string, values ...float64) {
	for _, v := range values {
		s.add(name, 1, value(unit, v))
	}
}

func only(names ...string) *options {
	o := defaults()
	o.only = names
	return &o
}

func TestMedianOfTheRoundsIsComparedWithTheFloor(t *testing.T) {
	s := newSamples()
	five(s, "Issuance/applications/closed", "op/s", 900, 700, 810, 850, 790)
	five(s, "Issuance/applications/closed", "issuer-us/op", 10, 30, 20, 50, 40)
	five(s, "Issuance/applications/open", "p99-ms", 20, 99, 30, 150, 40)
	five(s, "Issuance/applications/open", "unmet", 0, 0, 0, 0, 0)
	text, missed := s.tables(only("applications"))
	if missed != 0 {
		t.Errorf("%d missed, want none:\n%s", missed, text)
	}
	capacity, latency := row(t, text, "applications", 0), row(t, text, "applications", 1)
	if capacity[2] != "810" || capacity[3] != "700 to 900" || capacity[4] != ">= 800" || capacity[5] != "30" || capacity[9] != "met" {
		t.Errorf("capacity: %q", capacity)
	}
	if latency[3] != "40" || latency[4] != "20 to 150" || latency[7] != "0" || latency[8] != "< 100" || latency[12] != "met" {
		t.Errorf("latency: %q", latency)
	}
	if strings.Contains(text, "NOT A MEASUREMENT") {
		t.Error("five similar rounds are marked as not a measurement")
	}
}

func TestEachMissedFloorIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		rate, p99, unmet float64
		missed           int
	}{
		"just met":       {3000, 99.9, 0, 0},
		"too few":        {2999, 99.9, 0, 1},
		"too slow":       {3000, 100, 0, 1},
		"unmet supply":   {3000, 50, 1, 1},
		"slow and unmet": {3000, 500, 1, 1},
		"all at once":    {10, 500, 1, 2},
	} {
		s := newSamples()
		for _, l := range []string{"opening-hosted", "opening-anchor", "checked-hosted", "checked-anchor"} {
			five(s, "Issuance/"+l+"/closed", "op/s", 3000)
			five(s, "Issuance/"+l+"/open", "p99-ms", 1)
		}
		s.Values["Issuance/opening-anchor/closed"]["op/s"] = []float64{c.rate}
		s.Values["Issuance/opening-anchor/open"] = map[string][]float64{"p99-ms": {c.p99}, "unmet": {0, c.unmet}}
		s.Values["Issuance/checked-anchor/closed"]["op/s"] = []float64{1} // has no floor
		text, missed := s.tables(only("openings"))
		if missed != c.missed || strings.Count(text, floorMissed) != c.missed {
			t.Errorf("%s: %d missed, want %d:\n%s", name, missed, c.missed, text)
		}
	}
}

// A workload without any round misses its floor.
func TestWorkloadWithoutRoundsMissesItsFloor(t *testing.T) {
	if text, missed := newSamples().tables(only("codes")); missed != 1 {
		t.Errorf("%d missed, want 1:\n%s", missed, text)
	}
}

func TestFewOrScatteredRoundsAreNotAMeasurement(t *testing.T) {
	s := newSamples()
	five(s, "Issuance/codes/closed", "op/s", 10000, 30000)
	o := only("codes")
	if text, _ := s.tables(o); strings.Count(text, "NOT A MEASUREMENT") != 1 {
		t.Errorf("scattered rounds are not marked:\n%s", text)
	}
	o.rounds = measure.Enough - 1
	if text, _ := s.tables(o); strings.Count(text, "NOT A MEASUREMENT") != 2 {
		t.Errorf("too few rounds are not marked:\n%s", text)
	}
}

// addPhases adds the phases of a placement with these p99 and one state for each.
func addPhases(s *samples, w placement, p99 [4]float64, states [4]string) {
	for i, p := range phases {
		five(s, isolationName(w, p), "p99-ms", p99[i], p99[i], p99[i])
		s.state(isolationName(w, p), "fresh")
		s.state(isolationName(w, p), states[i])
	}
}

func TestFloorAppliesToASeparatedGateOnly(t *testing.T) {
	fresh := [4]string{"fresh", "fresh", "fresh", "stale"}
	for name, c := range map[string]struct {
		pinned [4]float64
		states [4]string
		missed int
	}{
		"not slower":                       {[4]float64{1, 1, 1.09, 1.1}, fresh, 0},
		"faster":                           {[4]float64{1, 1, 0.5, 0.5}, fresh, 0},
		"slower when saturated":            {[4]float64{1, 1, 1.11, 1}, fresh, 1},
		"as slow as computing":             {[4]float64{1, 2, 2.2, 2.1}, fresh, 0},
		"slower than that":                 {[4]float64{1, 2, 2.3, 2.1}, fresh, 1},
		"computing is faster than idle":    {[4]float64{1, 0.5, 1.1, 1.1}, fresh, 0},
		"slower twice":                     {[4]float64{1, 1, 1.2, 9}, fresh, 2},
		"stale when saturated":             {[4]float64{1, 1, 1, 1}, [4]string{"fresh", "fresh", "stale", "fresh"}, 1},
		"stale when idle":                  {[4]float64{1, 1, 1, 1}, [4]string{"stale", "fresh", "fresh", "fresh"}, 1},
		"slower and stale, both are named": {[4]float64{1, 1, 2, 1}, [4]string{"fresh", "fresh", "stale", "fresh"}, 2},
	} {
		s := newSamples()
		addPhases(s, placements[0], c.pinned, c.states)
		addPhases(s, placements[1], [4]float64{1, 10, 30, 90}, fresh) // not separated: reported, without a floor
		text, missed := s.tables(only(isolationRun))
		if missed != c.missed || strings.Count(text, floorMissed) != c.missed {
			t.Errorf("%s: %d missed, want %d:\n%s", name, missed, c.missed, text)
		}
		if got := row(t, text, "no-database", 1); got[5] != "90.00x" || got[6] != "9.00x" || got[7] != "" || got[9] != "fresh, stale" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPlacementThatCannotRunIsReported(t *testing.T) {
	s := newSamples()
	addPhases(s, placements[1], [4]float64{1, 1, 1, 1}, [4]string{"fresh", "fresh", "fresh", "fresh"})
	(&bench{samples: s}).notRunPlacement(placements[0], "this machine has one processor")
	text, missed := s.tables(only(isolationRun))
	if missed != 0 || strings.Count(text, "NOT RUN: this machine has one processor") != len(phases) {
		t.Errorf("%d missed:\n%s", missed, text)
	}
	if !strings.Contains(s.raw.String(), "NotRun Isolation/pinned/idle: this machine has one processor\n") {
		t.Errorf("raw output:\n%s", s.raw.String())
	}
}

func TestRawRoundsHaveTheFormOfGosBenchmarks(t *testing.T) {
	s := newSamples()
	s.add("Issuance/codes/closed", 42, value("op/s", 1234.5), value("s", 2))
	if got := strings.Join(strings.Fields(s.raw.String()), " "); got != "BenchmarkIssuance/codes/closed 42 1234.500 op/s 2.000 s" {
		t.Errorf("got %q", got)
	}
}
