package bundle

import (
	"slices"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

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

// ticketScopes are the uses for which a ticket is looked up, as at a gate.
const ticketScopes = tokens.Scopes(tokens.Verify | tokens.Entry | tokens.Exit | tokens.Onboard)

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
	d.Flagged = d.Flagged || action == Flag
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
