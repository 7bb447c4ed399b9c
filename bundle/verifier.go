package bundle

import (
	"slices"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// State says how far a device's bundle can be relied on.
type State uint8

// The states. What the device does in each is in its policy; without a bundle and in an unknown time it denies.
const (
	NoBundle     State = iota // none was accepted
	Fresh                     // the watermark is younger than Policy.StaleAfter
	Stale                     // older
	Expired                   // older than Policy.ExpiredAfter
	ClockDoubted              // the device's clock contradicts the gateway's
)

var stateNames = [...]string{"no_bundle", "fresh", "stale", "expired", "clock_doubted"}

func (s State) String() string { return stateNames[s] }

// Verifier checks codes offline, from bundles and its own scans. It gives the verdicts of a gateway that is cut
// off from the others and has the same data: it is the reference for readers in other languages. It is not safe
// for concurrent use.
type Verifier struct {
	Store
	table *passage.Table // of the newest bundle and of own; nil: passback is off
	// tickets has the bookings of the newest bundle; nil: there are none.
	tickets *booking.Table
	own     []Upload // scans that left a passage, oldest first
}

// NewVerifier returns a verifier for one device, by its id in the gateway's settings. It denies until a bundle
// was accepted.
func NewVerifier(authority *revocation.Authority, device string) *Verifier {
	return &Verifier{Store: *NewStore(authority, device)}
}

// Accept is [Store.Accept].
func (v *Verifier) Accept(raw []byte, c Clock) error {
	if err := v.Store.Accept(raw, c); err != nil {
		return err
	}
	return v.rebuild()
}

// Load is [Store.Load].
func (v *Verifier) Load(raw []byte) error {
	if err := v.Store.Load(raw); err != nil {
		return err
	}
	return v.rebuild()
}

// rebuild makes the tables of the newest bundle. Uploaded scans that the window has left are forgotten.
func (v *Verifier) rebuild() error {
	v.table, v.tickets = nil, nil
	if b := v.bookings; b != nil {
		v.tickets = booking.NewTable(booking.Config{Entries: len(b.Bodies) + 1})
		for _, body := range b.Bodies {
			v.tickets.Apply(body, v.head.MadeMS, v.head.MadeMS)
		}
	}
	if v.policy.Passback == Off {
		return nil
	}
	window := max(int64(v.policy.Window)*1000, passage.CodeLife)
	v.own = slices.DeleteFunc(v.own, func(u Upload) bool { return u.sent && u.AtMS < v.head.MadeMS-window })
	entries := MaxOwn
	if v.passages != nil {
		entries += len(v.passages.List)
	}
	table, err := passage.NewTable(2*entries, time.Duration(window)*time.Millisecond)
	if err != nil {
		return err
	}
	table.Turn(v.head.MadeMS)
	for i := range v.own {
		table.Merge(&v.own[i].own)
	}
	if v.passages != nil {
		own := make(map[Passage]bool, len(v.own)) // those that were uploaded come back
		for i := range v.own {
			own[passageOf(&v.own[i].own)] = true
		}
		for _, p := range v.passages.List {
			if p.State != passage.Passed || !own[p] {
				// The device of such a passage does not matter, except that it is not this one.
				table.Merge(&passage.Passage{Serial: p.Serial, Step: p.Step, Way: p.Way, State: p.State, At: p.AtMS, Station: v.policy.Station})
			}
		}
	}
	v.table = table
	return nil
}

func passageOf(p *passage.Passage) Passage { return Passage{p.Serial, p.Way, p.State, p.Step, p.At} }

// Scan is one code to check.
type Scan struct {
	Text  []byte
	Scope tokens.Scope
	Train string // that is inspected, scope onboard only
	Clock Clock
}

// Verdict is the answer to a scan. Only tokens.ReasonOK admits.
type Verdict struct {
	Reason  tokens.Reason
	State   State
	Flagged bool  // admitted, and the policy asks for a second look
	AtMS    int64 // the time that the scan was judged at, Unix ms
	AgeMS   int64 // of the watermark at that time; -1: there is no bundle
	// Passback is whether the code was used before, Reach how far that is known, UsedMS how long ago. Counted is
	// false if the scope leaves no passage, or the scan was refused before.
	Counted  bool
	Passback passage.Outcome
	Reach    passage.Reach
	UsedMS   int64
	Ticket   booking.Ticket // Unknown if the policy does not ask
}

// Check judges a scan as of now and remembers it if it leaves a passage. The order is that of a gateway: the
// token, the ticket, and last the passage.
func (v *Verifier) Check(s *Scan) Verdict {
	d := v.judge(s)
	d.Flagged = d.Flagged && d.Reason == tokens.ReasonOK
	return d
}

// judge is [Verifier.Check], except that a refused scan can be flagged.
func (v *Verifier) judge(s *Scan) Verdict {
	d := Verdict{AgeMS: -1, AtMS: s.Clock.WallMS}
	if !v.full {
		d.Reason = tokens.ReasonNoData
		return d
	}
	var action Action
	if action = v.judgeTime(s.Clock, &d); action == Deny {
		return d
	}
	d.Flagged = action == Flag
	var token tokens.Token
	if d.Reason = token.ParseText(s.Text); d.Reason != tokens.ReasonOK {
		return d
	}
	if !v.policy.Scopes.Has(s.Scope) {
		d.Reason = tokens.ReasonScope
		return d
	}
	checker := tokens.Checker{Keys: v, Revocations: v}
	if d.Reason = checker.Check(&token, d.AtMS/1000, s.Scope); d.Reason != tokens.ReasonOK {
		return d
	}
	if d.Reason = v.requireTicket(&token, s, &d); d.Reason == tokens.ReasonOK {
		d.Reason = v.usePassage(&token, s, &d)
	}
	return d
}
