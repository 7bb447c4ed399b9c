package main

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/railgate/railgate/tokens"
)

// workload is one kind of request, a row of the tables.
type workload struct {
	name, group, what string
	floor             float64       // per second in the closed loop; 0: no floor and no open loop
	p99               time.Duration // bound on p99 in the open loop; 0: latencyFloor
	// prepare prepares at least n requests; nil: nothing to prepare.
	prepare func(u *users, n int) error
	send    func(u *users) error
}

// latencyFloor is the bound on p99 in the open loop.
const latencyFloor = 100 * time.Millisecond

var workloads = []workload{
	{name: "applications", group: "applications", floor: 800,
		what: "application and face check of a new person, until approved: two calls",
		send: func(u *users) error { _, _, err := u.approve(); return err }},
	{name: "opening-hosted", group: "openings", floor: 3000, prepare: (*users).prepareChecks,
		what: "hosted session on a passed check: one call", send: opening((*users).nextCheck, (*users).host)},
	{name: "opening-anchor", group: "openings", floor: 3000, prepare: (*users).prepareChecks,
		what: "session in anchor mode on a passed check: one call", send: opening((*users).nextCheck, (*users).anchor)},
	{name: "checked-hosted", group: "openings", prepare: (*users).preparePeople,
		what: "face check and hosted session: two calls", send: opening((*users).freshCheck, (*users).host)},
	{name: "checked-anchor", group: "openings", prepare: (*users).preparePeople,
		what: "face check and session in anchor mode: two calls", send: opening((*users).freshCheck, (*users).anchor)},
	{name: "codes", group: "codes", floor: 10_000, prepare: (*users).prepareSessions,
		what: "current code of a hosted session, many sessions in turn: one call", send: (*users).code},
	{name: "identifications", group: "persons", floor: 500, p99: 30 * time.Millisecond, prepare: (*users).prepareShown,
		what: "identification of a passenger by a code, with an audit log entry: one call", send: (*users).identify},
	{name: "subjects", group: "persons", floor: 50, prepare: (*users).prepareQuestion,
		what: "pseudonyms of 1,000 persons on a day: one call (multiply by 1,000)", send: (*users).subjects},
}

// latency returns the bound on p99 in the open loop.
func (l *workload) latency() time.Duration {
	if l.p99 > 0 {
		return l.p99
	}
	return latencyFloor
}

// groups returns the names that -only accepts, except the isolation run.
func groups() (names []string) {
	for _, l := range workloads {
		if !slices.Contains(names, l.group) {
			names = append(names, l.group)
		}
	}
	return names
}

// opening returns a function that gets a check and opens a session on it.
func opening(getCheck func(*users) (passed, error), open func(*users, passed) error) func(*users) error {
	return func(u *users) error {
		check, err := getCheck(u)
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

// anchor sends an anchor without a chain: no code will be shown, and the client should use little
// processor time.
func (u *users) anchor(p passed) error {
	var a tokens.Link
	rand.Read(a[:])
	_, err := u.client.Anchor(u.ctx, p.application, p.check, a)
	return err
}

func (u *users) code() error {
	_, err := u.client.Code(u.ctx, u.sessions[int(u.turn.Add(1))%len(u.sessions)])
	return err
}

// work returns the workload for a load generator: all workers share the users.
func (l *workload) work(u *users) func(worker int) error {
	return func(int) error { return l.send(u) }
}
