package bundle

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

// MaxOwn bounds the scans that a verifier remembers and has not uploaded. When it is reached, further scans that
// leave a passage are judged as at a gateway whose table is full.
const MaxOwn = 10_000

// Upload is a scan to report when there is a network, as POST /v1/checks takes it.
type Upload struct {
	Code  string
	Scope tokens.Scope
	AtMS  int64
	Key   string // the same whenever the scan is reported
	own   passage.Passage
	sent  bool
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

// judgeTime sets time, age and state, and returns the action of the policy. Where it denies, it sets the reason.
func (v *Verifier) judgeTime(c Clock, d *Verdict) Action {
	now, how := v.time.now(c)
	d.AtMS, d.AgeMS = now, max(0, now-v.head.WatermarkMS)
	if how == unknown {
		d.State, d.Reason = ClockDoubted, tokens.ReasonScanTime
		return Deny
	}
	action := Serve
	switch age := d.AgeMS / 1000; {
	case age >= int64(v.policy.ExpiredAfter):
		d.State, action = Expired, v.policy.Expired
	case age >= int64(v.policy.StaleAfter):
		d.State, action = Stale, v.policy.Stale
	default:
		d.State = Fresh
	}
	if action == Deny {
		d.Reason = tokens.ReasonStaleData
		return Deny
	}
	if how == anchored {
		d.State, action = ClockDoubted, min(action, v.policy.Doubted)
		if action == Deny {
			d.Reason = tokens.ReasonScanTime
		}
	}
	return action
}

// ticketScopes are the uses for which a ticket is looked up.
const ticketScopes = tokens.Scopes(tokens.Entry | tokens.Exit | tokens.Onboard)

var ticketReasons = [...]tokens.Reason{booking.Unknown: tokens.ReasonNoBookings, booking.None: tokens.ReasonNoTicket,
	booking.Early: tokens.ReasonTooEarly, booking.Late: tokens.ReasonDeparted, booking.Valid: tokens.ReasonOK}

// requireTicket looks up the ticket of a code's holder and applies the policy.
func (v *Verifier) requireTicket(t *tokens.Token, s *Scan, d *Verdict) tokens.Reason {
	if v.policy.Ticket == Off || !ticketScopes.Has(s.Scope) {
		return tokens.ReasonOK
	}
	v.lookTicket(t, s, d)
	action := Deny
	switch {
	case d.Ticket.Held == booking.Valid:
		return tokens.ReasonOK
	case d.Ticket.Held == booking.Unknown:
		action = v.policy.TicketUnknown
	case v.policy.Ticket == Mark:
		action = Flag
	}
	d.Flagged = d.Flagged || action == Flag
	if action == Deny {
		return ticketReasons[d.Ticket.Held]
	}
	return tokens.ReasonOK
}

// lookTicket sets the ticket. A bundle has the bookings of one train: that a passenger has none is known only for
// that train, and only if the gateway keeps the bookings of all stations and lost none.
func (v *Verifier) lookTicket(t *tokens.Token, s *Scan, d *Verdict) {
	b := v.bookings
	if b == nil || d.AtMS-b.WatermarkMS >= int64(v.policy.ExpiredAfter)*1000 {
		return
	}
	q := booking.Query{Day: t.Serial().Day, Subject: t.Subject(), Scope: s.Scope, Train: s.Train, At: d.AtMS / 1000, Opens: int64(v.policy.Opens)}
	if v.policy.Station != "" {
		q.Station = revocation.StationOf(v.policy.Station)
	}
	v.tickets.Look(&q, &d.Ticket)
	certain := s.Scope == tokens.Onboard && s.Train == b.Train && b.Whole && !slices.Contains(b.Lost, q.Day)
	if d.Ticket.Held != booking.Valid && !certain {
		d.Ticket = booking.Ticket{}
	}
}

// usePassage decides whether the code was used before, and uses it up.
func (v *Verifier) usePassage(t *tokens.Token, s *Scan, d *Verdict) tokens.Reason {
	way, counted := passage.WayOf(s.Scope)
	if v.policy.Passback == Off || !counted {
		return tokens.ReasonOK
	}
	d.Reach = passage.Unknown
	if v.passages != nil {
		d.Reach = min(v.passages.Reach, passage.Local)
	}
	var station revocation.Station
	if v.policy.Station != "" {
		station = revocation.StationOf(v.policy.Station)
	}
	if v.Amnesty(station, s.Scope, d.AtMS/1000) {
		return tokens.ReasonOK
	}
	action := v.policy.PassbackLocal
	if d.Reach == passage.Unknown || len(v.own) >= MaxOwn {
		action = v.policy.PassbackUnknown
	}
	if action == Deny {
		return tokens.ReasonNoPassages
	}
	v.table.Turn(d.AtMS)
	answer := v.table.Attempt(&passage.Attempt{Serial: t.Serial(), Step: uint8(t.Step()), Way: way, At: d.AtMS,
		Place: passage.PlaceOf(v.policy.Station, v.policy.Device), Window: int64(v.policy.Window) * 1000}, v)
	d.Counted, d.Passback, d.UsedMS = true, answer.Outcome, answer.AgeMS
	switch answer.Outcome {
	case passage.Repeated:
		return tokens.ReasonOK
	case passage.Used, passage.UsedElsewhere:
		if v.policy.Passback == Enforce {
			if answer.Outcome == passage.UsedElsewhere {
				return tokens.ReasonUsedElsewhere
			}
			return tokens.ReasonUsed
		}
		action = Flag
	case passage.Full:
		if action = min(action, v.policy.PassbackUnknown); action == Deny {
			return tokens.ReasonNoPassages
		}
	}
	d.Flagged = d.Flagged || action == Flag
	v.remember(t, s, way, d.AtMS)
	return tokens.ReasonOK
}

// remember keeps a scan to be uploaded.
func (v *Verifier) remember(t *tokens.Token, s *Scan, way passage.Way, at int64) {
	if len(v.own) >= MaxOwn {
		return
	}
	v.own = append(v.own, Upload{Code: string(s.Text), Scope: s.Scope, AtMS: at, Key: UploadKey(v.policy.Device, s.Text, at),
		own: passage.Passage{Serial: t.Serial(), Start: t.Start(), Step: uint8(t.Step()), Way: way, At: at, Station: v.policy.Station, Device: v.policy.Device}})
}

// UploadKey names a scan of a device: 32 hex digits of SHA-256 over device, time and code. A device that sends
// the same scan twice, even after it lost its memory of the first time, gives it the same key.
func UploadKey(device string, code []byte, atMS int64) string {
	var w writer
	w.bytes([]byte("railgate/upload/v1"))
	w.text(device)
	w.b = binary.BigEndian.AppendUint64(w.b, uint64(atMS))
	sum := sha256.Sum256(append(w.b, code...))
	return hex.EncodeToString(sum[:16])
}

// Pending returns the scans that were not uploaded yet, oldest first, at most n.
func (v *Verifier) Pending(n int) (list []Upload) {
	for _, u := range v.own {
		if !u.sent && len(list) < n {
			list = append(list, u)
		}
	}
	return list
}

// Uploaded notes that the gateway answered for scans with these keys. They still refuse second uses until their
// window is over.
func (v *Verifier) Uploaded(keys ...string) {
	for i := range v.own {
		v.own[i].sent = v.own[i].sent || slices.Contains(keys, v.own[i].Key)
	}
}
