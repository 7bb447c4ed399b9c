package booking

import (
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// end is the part of a ticket that a scope compares.
type end uint8

const (
	departure end = iota // the station of departure
	arrival              // the station of arrival
	train                // the train
)

// rule says which tickets count for a scope, and when they are held.
type rule struct {
	end    end
	before int64 // held from this long before departure, seconds
	ride   bool  // until Grace after arrival, and until departure otherwise
}

// ruleOf returns the rule of a query's scope; ok is false if the query cannot be answered.
func ruleOf(q *Query) (r rule, ok bool) {
	if q.Subject == (tokens.Subject{}) {
		return rule{}, false
	}
	here := q.Station != (revocation.Station{})
	switch q.Scope {
	case tokens.Entry, tokens.Verify:
		return rule{end: departure, before: q.Opens}, here
	case tokens.Exit:
		return rule{end: arrival, ride: true}, here
	case tokens.Onboard:
		return rule{end: train, before: Boards, ride: true}, q.Train != ""
	}
	return rule{}, false
}

// held returns None if a ticket for the trip does not count for the query.
func (r *rule) held(q *Query, t *trip) Held {
	switch {
	case r.end == departure && t.from != q.Station,
		r.end == arrival && t.to != q.Station,
		r.end == train && t.train != q.Train:
		return None
	}
	until := int64(t.departs)
	if r.ride {
		until = int64(t.arrives) + Grace
	}
	switch {
	case q.At < int64(t.departs)-r.before:
		return Early
	case q.At > until:
		return Late
	}
	return Valid
}
