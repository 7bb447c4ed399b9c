package gateway

import (
	"strconv"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Passages connects a gateway to the passages of a station and of other gateways. The zero value is for gateways on which no device
// has a passback policy.
type Passages struct {
	// Table decides which attempt passes. The caller turns it, see [passage.Table.Turn], and merges into it the
	// passages of other gateways.
	Table *passage.Table
	// Record tells other gateways of a passage. It copies what it is given, never blocks, and returns false if
	// it cannot pass the passage on. nil: there are no other gateways.
	Record func(*passage.Passage) bool
	// Reach returns what the table knows of other gateways' passages at a time, Unix ms. It must not block and
	// may be called concurrently. nil: passage.Local.
	Reach func(now int64) passage.Reach
	// Conflicts has the passages with which uploads are compared. The caller adds those of all gateways. nil:
	// uploads are not compared.
	Conflicts *passage.Conflicts
	// Gateway is the id under which the authority announced this gateway. 0 is an id too.
	Gateway revocation.GatewayID
	// ClockError is how far the time of a scan may be off, either way, in passages of online scans. It says
	// what a conflict can prove, and changes no verdict. At most a minute.
	ClockError time.Duration
	// UploadError is the same for scans in batches, whose times the devices report.
	UploadError time.Duration
}

// passbackState is the knowledge on which a verdict about second use is based.
type passbackState uint8

// The first states are those of passage.Reach.
const (
	passbackFull   = passbackState(passage.Exact) + 1 // the table has no room: this passage is not remembered
	passbackStates = passbackFull + 1
)

func (s passbackState) String() string {
	if s == passbackFull {
		return "full"
	}
	return passage.Reach(s).String()
}

// passbackResult is what became of an attempt.
type passbackResult uint8

const (
	passFirst      passbackResult = iota // passed, and used the code up
	passRepeated                         // the same device read the same code again
	passUsed                             // used before
	passHeld                             // admitted; the barrier's report will use it up
	passForgiven                         // used before, and staff let that not count
	passAmnesty                          // staff let everybody pass
	passNotCounted                       // the scope does not use codes up, or the attempt was refused before
	passbackResults
)

var passbackNames = [passbackResults]string{"first", "repeated", "used", "held", "forgiven", "amnesty", "not_counted"}

func (r passbackResult) String() string { return passbackNames[r] }

// passback is the part of a verdict about second use.
type passback struct {
	on      bool // false: the verdict does not mention it
	state   passbackState
	result  passbackResult
	flagged bool
	ageMS   int64 // of the passage that the attempt met; 0: none
}

// action returns what to do in a state.
func (p *Passback) action(s passbackState) Action {
	switch s {
	case passbackState(passage.Exact):
		return Serve
	case passbackState(passage.Local):
		return p.Local
	}
	return p.Unknown // as little is known if there is no room
}

// reach returns the knowledge of other gateways' passages at a time, Unix ms. A table that had no room for a
// passage counts as full until the passage does not matter any more.
func (g *Gateway) reach(now int64) passbackState {
	known := passage.Local
	if g.Passages.Reach != nil {
		known = g.Passages.Reach(now)
	}
	if known != passage.Unknown && now < g.Passages.Table.LostUntil() {
		return passbackFull
	}
	return passbackState(known)
}

// forgiver asks the control stream, and remembers whether something was forgiven.
type forgiver struct {
	replica  *revocation.Replica
	forgiven bool
}

// Forgiven implements [passage.Forgiver].
func (f *forgiver) Forgiven(serial tokens.Serial) int64 {
	until := f.replica.Forgiven(serial)
	f.forgiven = until > 0
	return until
}

// usePassage decides, as the last check, whether a code was used before, and uses it up. The result is in
// s.passback. It allocates nothing and takes no lock.
func (g *Gateway) usePassage(s *scratch, from *caller, now int64) tokens.Reason {
	policy, v := &from.device.passback, &s.passback
	*v = passback{on: true, state: g.reach(now), result: passNotCounted}
	way, counted := passage.WayOf(from.scope)
	if !counted {
		return tokens.ReasonOK
	}
	if g.replica.Amnesty(g.station, from.scope, now/1000) {
		v.result = passAmnesty
		return tokens.ReasonOK
	}
	action := policy.action(v.state)
	if action == Deny {
		return tokens.ReasonNoPassages
	}
	v.flagged = action == Flag
	serial := s.token.Serial()
	s.attempt = passage.Attempt{Serial: serial, Step: uint8(s.token.Step()), Way: way, At: now, Place: from.device.place,
		Hold: policy.Confirm, Window: policy.Window.Milliseconds()}
	s.forgiver = forgiver{replica: g.replica}
	answer := g.Passages.Table.Attempt(&s.attempt, &s.forgiver)
	v.ageMS = answer.AgeMS
	switch answer.Outcome {
	case passage.Admitted:
		v.result = passFirst
		if s.forgiver.forgiven {
			v.result = passForgiven
		}
		if policy.Confirm {
			v.result = passHeld
		}
	case passage.Repeated:
		v.result = passRepeated
		return tokens.ReasonOK // recorded at the first time
	case passage.Used, passage.UsedElsewhere:
		v.result, v.flagged = passUsed, true
		if policy.Mode == ModeDeny {
			v.flagged = false
			if answer.Outcome == passage.UsedElsewhere {
				return tokens.ReasonUsedElsewhere
			}
			return tokens.ReasonUsed
		}
	default: // passage.Full
		v.state = passbackFull
		switch policy.action(v.state) {
		case Deny:
			v.flagged = false
			return tokens.ReasonNoPassages
		case Flag:
			v.flagged = true
		}
		v.result = passFirst
	}
	p := passage.Passage{Serial: serial, Start: s.token.Start(), Step: s.attempt.Step, Way: way, At: now, ErrorMS: g.clockError}
	if v.result == passHeld {
		p.State = passage.Held
		from.device.holds.remember(&s.attempt, p.Start)
	}
	if !g.tell(s, from.device, p) {
		v.state = min(v.state, passbackState(passage.Local))
	}
	return tokens.ReasonOK
}

// tell tells other gateways of a passage of a device. It reports whether it can be told.
func (g *Gateway) tell(s *scratch, d *Device, p passage.Passage) bool {
	if g.Passages.Record == nil {
		return true
	}
	s.passage = p // a pointer to p would escape, and p with it
	s.passage.Station, s.passage.Device, s.passage.Gateway = g.Station, d.ID, g.Passages.Gateway
	return g.Passages.Record(&s.passage)
}

// passbackHeads holds the constant part of every passback, up to the age.
var passbackHeads = func() (heads [passbackStates][passbackResults][2][]byte) {
	for s := range heads {
		for r := range heads[s] {
			for f, flagged := range []bool{false, true} {
				heads[s][r][f] = []byte(`,"passback":{"state":"` + passbackState(s).String() + `","result":"` + passbackResult(r).String() +
					`","flagged":` + strconv.FormatBool(flagged) + `,"age_ms":`)
			}
		}
	}
	return heads
}()

// append renders the part of a verdict; nothing if it is off.
func (v *passback) append(dst []byte) []byte {
	if !v.on {
		return dst
	}
	flagged := 0
	if v.flagged {
		flagged = 1
	}
	dst = append(dst, passbackHeads[v.state][v.result][flagged]...)
	return append(strconv.AppendInt(dst, v.ageMS, 10), '}')
}
