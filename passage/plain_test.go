package passage

import (
	"cmp"
	"slices"
	"sync"

	"github.com/railgate/railgate/tokens"
)

// plainTable is the rule in the plainest form: every passage ever told, in a map behind a mutex, with whole times.
// It has no generations and forgets nothing.
type plainTable struct {
	mu       sync.Mutex
	window   int64
	merged   bool
	passages map[plainKey][]*plainPassage
}

type plainKey struct {
	serial tokens.Serial
	way    Way
}

type plainPassage struct {
	at    int64
	place Place
	step  uint8
	state State
}

func newPlainTable(window int64) *plainTable {
	return &plainTable{window: window, passages: map[plainKey][]*plainPassage{}}
}

// plainRefuses reports whether p refuses an attempt at t that is no repetition.
func plainRefuses(p *plainPassage, other []*plainPassage, t, window int64) bool {
	age := t - p.at
	if age < 0 {
		age = 0
	}
	if p.state == Released {
		return false
	}
	if p.state == Held {
		return age < 10_000
	}
	if age < 125_000 {
		return true
	}
	if age >= window {
		return false
	}
	for _, o := range other {
		if o.state == Passed && o.at > p.at {
			return false
		}
	}
	return true
}

// plainJudge is the answer to an attempt for all passages of its serial.
func plainJudge(own, other []*plainPassage, t, window, forgiven int64, step uint8, place Place) Answer {
	var decides *plainPassage
	for _, p := range own {
		if forgiven != 0 && p.at <= forgiven {
			continue
		}
		if plainRefuses(p, other, t, window) && (decides == nil || p.at >= decides.at) {
			decides = p
		}
	}
	if decides == nil {
		return Answer{}
	}
	age := max(0, t-decides.at)
	if decides.step == step && decides.place == place && age < 10_000 {
		return Answer{Repeated, age}
	}
	if decides.step == step && decides.place>>20 != place>>20 && age < 125_000 {
		return Answer{UsedElsewhere, age}
	}
	return Answer{Used, age}
}

func (p *plainTable) Attempt(a *Attempt, f Forgiver) Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	var forgiven int64
	if f != nil {
		forgiven = f.Forgiven(a.Serial)
	}
	own := plainKey{a.Serial, a.Way}
	answer := plainJudge(p.passages[own], p.passages[plainKey{a.Serial, 1 - a.Way}], a.At, min(a.Window, p.window), forgiven, a.Step, a.Place)
	if answer.Outcome == Admitted {
		state := Passed
		if a.Hold {
			state = Held
		}
		p.passages[own] = append(p.passages[own], &plainPassage{a.At, a.Place, a.Step, state})
	}
	return answer
}

// Confirm confirms the latest passage if it is a hold of the place. Otherwise the barrier's turn is a passage of its own.
func (p *plainTable) Confirm(a *Attempt, passed bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := plainKey{a.Serial, a.Way}
	all := p.passages[key]
	for i := len(all) - 1; i >= 0; i-- {
		w, latest := all[i], i == len(all)-1
		switch {
		case w.place != a.Place || a.At-w.at >= 125_000:
		case w.state == Held && latest:
			w.state = Released
			if passed {
				w.state = Passed
			}
			return true
		case w.state == Passed && (latest || p.merged): // a hold that was merged later need not have replaced it
			return false
		}
	}
	if passed {
		p.passages[key] = append(all, &plainPassage{a.At, a.Place, a.Step, Passed})
	}
	return false
}

func (p *plainTable) Merge(m *Passage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.merged = true
	key := plainKey{m.Serial, m.Way}
	place := PlaceOf(m.Station, m.Device)
	for _, o := range p.passages[key] {
		if o.at == m.At && o.place == place && o.step == m.Step {
			if m.State == Passed || o.state == Held {
				o.state = m.State
			}
			return
		}
	}
	p.passages[key] = append(p.passages[key], &plainPassage{m.At, place, m.Step, m.State})
	slices.SortStableFunc(p.passages[key], func(a, b *plainPassage) int { return cmp.Compare(a.at, b.at) })
}
