package main

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/railgate/railgate/tokens"
)

// line is one line of the table.
type line struct {
	name, group, what string
	floor             float64       // per second, of the closed loop; 0: none, and no open loop either
	p99               time.Duration // floor of p99 in the open loop; 0: latencyFloor
	// prepare makes what at least n requests need; nil: the line needs nothing of the kind.
	prepare func(u *users, n int) error
	send    func(u *users) error
}

// latencyFloor is what p99 must stay below in the open loop.
const latencyFloor = 100 * time.Millisecond

var lines = []line{
	{name: "applications", group: "applications", floor: 800,
		what: "application and face check of a person not seen before, until approved: two calls",
		send: func(u *users) error { _, _, err := u.approve(); return err }},
	{name: "opening-hosted", group: "openings", floor: 3000, prepare: (*users).prepareChecks,
		what: "hosted session on a check passed just before: one call", send: opening((*users).nextCheck, (*users).host)},
	{name: "opening-anchor", group: "openings", floor: 3000, prepare: (*users).prepareChecks,
		what: "session in anchor mode on a check passed just before: one call", send: opening((*users).nextCheck, (*users).anchor)},
	{name: "checked-hosted", group: "openings", prepare: (*users).preparePeople,
		what: "face check and hosted session: two calls", send: opening((*users).freshCheck, (*users).host)},
	{name: "checked-anchor", group: "openings", prepare: (*users).preparePeople,
		what: "face check and session in anchor mode: two calls", send: opening((*users).freshCheck, (*users).anchor)},
	{name: "codes", group: "codes", floor: 10_000, prepare: (*users).prepareSessions,
		what: "current code of a hosted session, many sessions in turn: one call", send: (*users).code},
	{name: "identifications", group: "persons", floor: 500, p99: 30 * time.Millisecond, prepare: (*users).prepareShown,
		what: "identification of a passenger by the code on the screen, in the audit log: one call", send: (*users).identify},
	{name: "subjects", group: "persons", floor: 50, prepare: (*users).prepareQuestion,
		what: "pseudonyms of 1,000 persons on a day, so times 1,000: one call", send: (*users).subjects},
}

// latency is what p99 must stay below in the open loop.
func (l *line) latency() time.Duration {
	if l.p99 > 0 {
		return l.p99
	}
	return latencyFloor
}

// groups are the names that -only knows, but for the isolation run.
func groups() (names []string) {
	for _, l := range lines {
		if !slices.Contains(names, l.group) {
			names = append(names, l.group)
		}
	}
	return names
}

// opening takes a check and opens a session on it.
func opening(take func(*users) (passed, error), open func(*users, passed) error) func(*users) error {
	return func(u *users) error {
		check, err := take(u)
		if err != nil {
			return err
		}
		return open(u, check)
	}
}

func (u *users) host(p passed) error {
	_, err := u.client.Host(u.ctx, p.application, p.check)
	return err
}

// anchor sends an anchor that no chain ends in: nobody will show a code, and the
// client is to cost little.
func (u *users) anchor(p passed) error {
	var a tokens.Link
	rand.Read(a[:])
	_, err := u.client.Anchor(u.ctx, p.application, p.check, a)
	return err
}

func (u *users) code() error {
	_, err := u.client.Code(u.ctx, u.sessions[int(u.drawn.Add(1))%len(u.sessions)])
	return err
}

// work is the line for a load generator: all workers share the users.
func (l *line) work(u *users) func(worker int) error {
	return func(int) error { return l.send(u) }
}
