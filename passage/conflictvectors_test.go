package passage_test

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// conflictVector is a set of reports of passages and the list of conflicts that every reader finds in it.
type conflictVector struct {
	Name      string         `json:"name"`
	WindowMS  int64          `json:"window_ms"`
	Passages  []vectorUse    `json:"passages"`
	Conflicts []conflictLine `json:"conflicts"`
}

// conflictLine is a conflict; First and Second are indexes of reports.
type conflictLine struct {
	First   int    `json:"first"`
	Second  int    `json:"second"`
	GapMS   int64  `json:"gap_ms"`
	LowMS   int64  `json:"low_ms"`
	HighMS  int64  `json:"high_ms"`
	Certain bool   `json:"certain"`
	Class   string `json:"class"`
}

const minuteMS, dayMS = 60_000, 24 * 3600_000

// report returns a passage of a device, after a time in ms.
func report(device, station string, step uint8, after int64) vectorUse {
	return vectorUse{Day: 20494, Index: 7, Start: now/1000 - 600, Step: step, Way: "entry", State: "passed", At: now + after, ErrorMS: 200,
		Station: station, Device: device, Gateway: 3}
}

// pair is a conflict that the author of the vector expects.
type pair struct {
	first, second int
	class         string
}

func conflictVectors() (all []conflictVector) {
	add := func(name string, window int64, uses []vectorUse, pairs ...pair) {
		v := conflictVector{name, window, uses, []conflictLine{}}
		for _, p := range pairs {
			v.Conflicts = append(v.Conflicts, v.line(p))
		}
		all = append(all, v)
	}
	with := func(u vectorUse, edit func(u *vectorUse)) vectorUse { edit(&u); return u }
	late := func(u vectorUse, ms int64) vectorUse { u.At += ms; return u }
	exit := func(u vectorUse) vectorUse { u.Way = "exit"; return u }
	state := func(u vectorUse, s string) vectorUse { u.State = s; return u }
	upload := func(u vectorUse, n string) vectorUse { u.Upload = n; return u }
	a, b, far := report("gate-a", "北京南", 9, 0), report("gate-b", "北京南", 9, 20_000), report("gate-a", "上海虹桥", 9, 30_000)
	const five, life = "0000000000000005", passage.CodeLife
	list := func(uses ...vectorUse) []vectorUse { return uses }

	add("none", life, list())
	add("one, reported twice", life, list(a, a))
	add("second gate", life, list(b, a), pair{1, 0, "passenger"})
	add("same code at another station", life, list(far, a), pair{1, 0, "fraud"})
	add("another code at another station", life, list(with(far, func(u *vectorUse) { u.Step = 10 }), a), pair{1, 0, "passenger"})
	add("same step of another session at another station", life, list(with(far, func(u *vectorUse) { u.Start++ }), a), pair{1, 0, "passenger"})
	add("chain of three", life, list(far, b, a), pair{2, 1, "passenger"}, pair{1, 0, "fraud"})
	add("repetition", life, list(a, late(a, 9_999), late(b, 1)), pair{0, 2, "passenger"})
	add("repetition, then the end of the window of the first", life, list(a, late(a, 9_999), late(a, life)))
	add("same device, another step of the code", life, list(a, late(with(a, func(u *vectorUse) { u.Step = 10 }), 5_000)), pair{0, 1, "passenger"})
	add("same device, another session", life, list(with(a, func(u *vectorUse) { u.Start++ }), a), pair{1, 0, "passenger"})
	add("same device after 10 s", life, list(a, late(a, 10_000)), pair{0, 1, "passenger"})
	add("a millisecond before the end of the window", life, list(a, late(a, life-1)), pair{0, 1, "passenger"})
	add("end of the window", life, list(a, late(a, life)))
	add("entry and exit", life, list(a, exit(b)))
	add("two exits", life, list(exit(b), exit(a)), pair{1, 0, "passenger"})
	add("two serials", life, list(a, with(b, func(u *vectorUse) { u.Index = 8 })))
	add("two days", life, list(a, with(b, func(u *vectorUse) { u.Day++ })))
	add("inside without exit", dayMS, list(a, late(a, 60*minuteMS)), pair{0, 1, "passenger"})
	add("inside for a whole window", dayMS, list(a, late(a, dayMS)))
	add("inside after exit", dayMS, list(a, exit(late(b, 30*minuteMS)), late(a, 60*minuteMS)))
	add("exit before the entry", dayMS, list(exit(late(b, -30*minuteMS)), a, late(a, 60*minuteMS)), pair{1, 2, "passenger"})
	add("exit in the millisecond of the entry", dayMS, list(exit(a), a, late(a, 60*minuteMS)), pair{1, 2, "passenger"})
	add("exit in the millisecond of the second entry", dayMS, list(a, exit(late(b, 60*minuteMS-20_000)), late(a, 60*minuteMS)))
	add("exit that is held", dayMS, list(a, state(exit(late(b, 30*minuteMS)), "held"), late(a, 60*minuteMS)), pair{0, 2, "passenger"})
	add("exit within the life of the code", dayMS, list(a, exit(late(b, 10_000)), late(far, 60_000)), pair{0, 2, "fraud"})
	add("same code at another station after the life of the code", dayMS, list(a, late(far, life)), pair{0, 1, "passenger"})
	add("hold", life, list(a, state(b, "held")))
	add("hold that passed", life, list(b, a, state(b, "held")), pair{1, 0, "passenger"})
	add("hold that was released", life, list(state(b, "released"), a, state(b, "held")))
	add("hold that was released and passed after all", life, list(state(b, "released"), a, b), pair{1, 2, "passenger"})
	add("upload sent twice with another time", life, list(upload(late(b, 15_000), five), a, upload(b, five)), pair{1, 2, "passenger"})
	add("uploads of one number of two devices", life, list(upload(a, five), upload(b, five)), pair{0, 1, "passenger"})
	add("same millisecond: the order of devices decides", life, list(late(b, -20_000), a), pair{1, 0, "passenger"})
	add("same millisecond and device: the order of stations decides", life, list(a, late(far, -30_000)), pair{1, 0, "fraud"})
	add("same millisecond: the device decides before the station", life, list(with(far, func(u *vectorUse) { u.At, u.Device = now, "gate-b" }), a), pair{1, 0, "fraud"})
	add("order that the clocks leave open", life, list(a, with(report("handheld-3", "北京南", 9, 300), func(u *vectorUse) { u.ErrorMS = 5000 })), pair{0, 1, "passenger"})
	add("order that the clocks just leave open", life, list(a, report("gate-b", "北京南", 9, 400)), pair{0, 1, "passenger"})
	for seed := range uint64(6) {
		all = append(all, randomConflicts(seed))
	}
	return all
}

// line returns the conflict of two reports.
func (v *conflictVector) line(p pair) conflictLine {
	first, second := &v.Passages[p.first], &v.Passages[p.second]
	gap, doubt := second.At-first.At, int64(first.ErrorMS)+int64(second.ErrorMS)
	return conflictLine{p.first, p.second, gap, gap - doubt, gap + doubt, gap-doubt > 0, p.class}
}

// randomConflicts returns reports of two serials whose conflicts plainConflicts found. No two have one time.
func randomConflicts(seed uint64) conflictVector {
	r := rand.New(rand.NewPCG(seed, 18))
	v := conflictVector{fmt.Sprint("random reports ", seed), []int64{passage.CodeLife, 600_000, dayMS}[seed%3], nil, []conflictLine{}}
	for i := range 40 {
		u := report([]string{"gate-a", "gate-b", "gate-c"}[r.IntN(3)], []string{"北京南", "上海虹桥"}[r.IntN(2)], uint8(r.IntN(3)), r.Int64N(40*minuteMS)*64+int64(i))
		u.At = now + (u.At-now)%(20*minuteMS)
		u.Index, u.Way = 7+uint32(r.IntN(2)), []string{"entry", "exit"}[r.IntN(4)/3]
		u.State = stateNames[max(0, r.IntN(6)-3)]
		v.Passages = append(v.Passages, u)
	}
	v.Conflicts = append(v.Conflicts, plainConflicts(&v)...)
	return v
}

// plainConflicts is section 6 of docs/passback.md for reports without uploads, none repeated, as slow as it reads.
func plainConflicts(v *conflictVector) (all []conflictLine) {
	order := make([]int, len(v.Passages))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(v.Passages[i].At, v.Passages[j].At) })
	for n, second := range order {
		p := &v.Passages[second]
		if p.State != "passed" || v.repeats(order[:n], p) >= 0 {
			continue
		}
		first := -1
		for _, i := range order[:n] {
			if q := &v.Passages[i]; q.alike(p) && v.repeats(order[:slices.Index(order, i)], q) < 0 {
				first = i
			}
		}
		if first < 0 {
			continue
		}
		q := &v.Passages[first]
		left := slices.ContainsFunc(v.Passages, func(o vectorUse) bool {
			return o.State == "passed" && o.Index == p.Index && o.Way != p.Way && q.At < o.At && o.At <= p.At
		})
		gap := p.At - q.At
		if gap >= passage.CodeLife && (gap >= v.WindowMS || left) {
			continue
		}
		class := "passenger"
		if q.Station != p.Station && q.Step == p.Step && gap < passage.CodeLife {
			class = "fraud"
		}
		all = append(all, v.line(pair{first, second, class}))
	}
	return all
}

// alike reports whether both passed with one serial in one direction.
func (u *vectorUse) alike(p *vectorUse) bool {
	return u.State == "passed" && p.State == "passed" && u.Index == p.Index && u.Way == p.Way
}

// repeats returns the passage before p that p repeats, or -1. before is in order.
func (v *conflictVector) repeats(before []int, p *vectorUse) int {
	for n := len(before) - 1; n >= 0; n-- {
		q := &v.Passages[before[n]]
		if !q.alike(p) || v.repeats(before[:n], q) >= 0 {
			continue
		}
		if q.Device == p.Device && q.Station == p.Station && q.Step == p.Step && p.At-q.At < 10_000 {
			return before[n]
		}
		return -1
	}
	return -1
}

// passage returns the passage of a report.
func (u *vectorUse) passage(t *testing.T) passage.Passage {
	t.Helper()
	way, state := slices.Index([]string{"entry", "exit"}, u.Way), slices.Index(stateNames, u.State)
	upload, err := hex.DecodeString(u.Upload)
	if way < 0 || state < 0 || err != nil || len(upload) != 0 && len(upload) != 8 {
		t.Fatalf("not a passage: %+v", u)
	}
	p := passage.Passage{Serial: tokens.Serial{Day: u.Day, Index: u.Index}, Start: u.Start, Step: u.Step, Way: passage.Way(way), State: passage.State(state),
		At: u.At, ErrorMS: u.ErrorMS, Station: u.Station, Device: u.Device, Gateway: revocation.GatewayID(u.Gateway)}
	if len(upload) == 8 {
		p.Upload = binary.BigEndian.Uint64(upload)
	}
	return p
}

// Every set has its list, by Find and by a collector, whatever the order of arrival.
func TestConflictVectors(t *testing.T) {
	total := 0
	for _, v := range readVectors(t, "conflicts", conflictVectors()) {
		var all []passage.Passage
		for i := range v.Passages {
			all = append(all, v.Passages[i].passage(t))
		}
		var want []passage.Conflict
		for _, c := range v.Conflicts {
			class := tokens.ClassPassenger
			if c.Class == "fraud" {
				class = tokens.ClassFraud
			}
			want = append(want, passage.Conflict{First: all[c.First], Second: all[c.Second], GapMS: c.GapMS, LowMS: c.LowMS, HighMS: c.HighMS, Certain: c.Certain, Class: class})
		}
		total += len(want)
		window := time.Duration(v.WindowMS) * time.Millisecond
		r := rand.New(rand.NewPCG(1, 2))
		for range 5 {
			if got := passage.Find(all, window); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: Find: %+v\nwant %+v", v.Name, got, want)
			}
			collector, err := passage.NewConflicts(passage.ConflictsConfig{Window: window, Passages: 100})
			if err != nil {
				t.Fatal(err)
			}
			for i := range all {
				collector.Add(&all[i])
			}
			if got := collector.List(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: List: %+v\nwant %+v", v.Name, got, want)
			}
			for _, c := range want {
				if got, ok := collector.Of(&c.Second); !ok || got != c {
					t.Errorf("%s: Of: %+v, want %+v", v.Name, got, c)
				}
			}
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
	}
	if total < 50 {
		t.Errorf("only %d conflicts in all vectors", total)
	}
}
