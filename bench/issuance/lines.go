package main

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/railgate/railgate/bench/issuance/drive"
	"github.com/railgate/railgate/tokens"
)

// line is one line of the table.
type line struct {
	name, group, what string
	floor             float64       // per second, of the closed loop; 0: none, and no open loop either
	p99               time.Duration // floor of p99 in the open loop; 0: latencyFloor
	// stock prepares at least n errands; nil: the line needs nothing of the kind.
	stock  func(c *crowd, n int) error
	errand func(c *crowd) error
}

// latencyFloor is what p99 must stay below in the open loop.
const latencyFloor = 100 * time.Millisecond

var lines = []line{
	{name: "applications", group: "applications", floor: 800,
		what:   "application and real-person check of a person not seen before, until approved: two calls",
		errand: func(c *crowd) error { _, _, err := c.approve(); return err }},
	{name: "opening-hosted", group: "openings", floor: 3000, stock: (*crowd).stockChecks,
		what: "hosted session on a check passed just before: one call", errand: opening((*crowd).nextCheck, (*crowd).host)},
	{name: "opening-anchor", group: "openings", floor: 3000, stock: (*crowd).stockChecks,
		what: "session in anchor mode on a check passed just before: one call", errand: opening((*crowd).nextCheck, (*crowd).anchor)},
	{name: "checked-hosted", group: "openings", stock: (*crowd).stockPeople,
		what: "real-person check and hosted session: two calls", errand: opening((*crowd).freshCheck, (*crowd).host)},
	{name: "checked-anchor", group: "openings", stock: (*crowd).stockPeople,
		what: "real-person check and session in anchor mode: two calls", errand: opening((*crowd).freshCheck, (*crowd).anchor)},
	{name: "codes", group: "codes", floor: 10_000, stock: (*crowd).stockSessions,
		what: "current code of a hosted session, many sessions in turn: one call", errand: (*crowd).code},
	{name: "identifications", group: "persons", floor: 500, p99: 30 * time.Millisecond, stock: (*crowd).stockShown,
		what: "identification of a passenger by the code on the screen, in the audit log: one call", errand: (*crowd).identify},
	{name: "subjects", group: "persons", floor: 50, stock: (*crowd).stockList,
		what: "pseudonyms of 1,000 persons on a day, so times 1,000: one call", errand: (*crowd).subjects},
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

// opening is an errand: take a check, open a session on it.
func opening(take func(*crowd) (passed, error), open func(*crowd, passed) error) func(*crowd) error {
	return func(c *crowd) error {
		check, err := take(c)
		if err != nil {
			return err
		}
		return open(c, check)
	}
}

func (c *crowd) host(p passed) error {
	_, err := c.client.Host(p.application, p.check)
	return err
}

// anchor sends an anchor that no chain ends in: nobody will show a code, and the
// client is to cost little.
func (c *crowd) anchor(p passed) error {
	var a tokens.Link
	rand.Read(a[:])
	return c.client.Anchor(p.application, p.check, a)
}

func (c *crowd) code() error {
	return c.client.Code(c.sessions[int(c.drawn.Add(1))%len(c.sessions)])
}

// errandOf fits a line to the driver: the crowd serves all workers.
func (l *line) errandOf(c *crowd) drive.Errand {
	return func(int) error { return l.errand(c) }
}
