package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/bench/issuance/drive"
	"github.com/railgate/railgate/bench/issuance/passenger"
)

// crowd is the passengers of one issuer: who has not come yet, who is approved,
// whose session is open. What is stocked is not changed while errands run.
type crowd struct {
	ctx      context.Context
	client   *passenger.Client
	workers  int
	people   int // approved ones to be stocked
	hosted   int // sessions to be stocked
	newcomer atomic.Int64
	drawn    atomic.Int64 // of applications and sessions in turn
	used     atomic.Int64 // of checks

	approved []*passenger.Application
	checks   []passed
	sessions []*passenger.Session
	opened   time.Time // when the sessions were
	staff    string    // credential of a window and a ticketing system
	shown    []string  // codes on the screens of the sessions
	list     []byte    // a question for pseudonyms
}

// passed is a check that can open a session.
type passed struct {
	application *passenger.Application
	check       string
}

// Bounds of preparing.
const (
	stockWithin = 5 * time.Minute
	// checksWithin leaves the rest of a check's two minutes to the round.
	checksWithin = 60 * time.Second
	// sessionsFor is how long open sessions are asked, of the 30 minutes they have.
	sessionsFor = 20 * time.Minute
)

func newCrowd(ctx context.Context, address, staff string, connections, people, sessions int) *crowd {
	return &crowd{ctx: ctx, staff: staff, client: passenger.New(address, connections), workers: connections, people: people, hosted: sessions}
}

var errNobodyLeft = errors.New("all people that can be made up have applied: shorten the run")

// approve sends the next newcomer through application and check.
func (c *crowd) approve() (*passenger.Application, string, error) {
	n := int(c.newcomer.Add(1) - 1)
	if n >= passenger.People {
		return nil, "", errNobodyLeft
	}
	return c.client.Approve(passenger.NewPerson(n))
}

// stockPeople has applications approved, once.
func (c *crowd) stockPeople(int) error {
	if len(c.approved) == c.people {
		return nil
	}
	made := make([]*passenger.Application, c.people)
	err := drive.Each(c.ctx, stockWithin, c.people, c.workers, func(i int) (err error) {
		made[i], _, err = c.approve()
		return err
	})
	if err == nil {
		c.approved = made
	}
	return err
}

// freshCheck has a check done for the next of the approved.
func (c *crowd) freshCheck() (passed, error) {
	a := c.approved[int(c.drawn.Add(1))%len(c.approved)]
	check, err := c.client.Check(a)
	return passed{a, check}, err
}

// stockChecks has n checks done; fewer, if that takes so long that the first
// would not be good any more.
func (c *crowd) stockChecks(n int) error {
	if err := c.stockPeople(0); err != nil {
		return err
	}
	made, next := make([]passed, n), atomic.Int64{}
	r, err := drive.Closed(c.ctx, checksWithin, c.workers, func(int) error {
		i := int(next.Add(1) - 1)
		if i >= n {
			return drive.ErrOver
		}
		var err error
		made[i], err = c.freshCheck()
		return err
	})
	switch {
	case err != nil:
		return err
	case r.Declined > 0:
		return r.Declination
	}
	c.checks = made[:r.Done] // nobody left a gap: none was declined, and all that were begun were done
	c.used.Store(0)
	return nil
}

// nextCheck takes one that was done before.
func (c *crowd) nextCheck() (passed, error) {
	i := int(c.used.Add(1) - 1)
	if i >= len(c.checks) {
		return passed{}, drive.ErrOver
	}
	return c.checks[i], nil
}

// stockSessions opens hosted sessions, again when they come to their end.
func (c *crowd) stockSessions(int) error {
	if len(c.sessions) == c.hosted && time.Since(c.opened) < sessionsFor {
		return nil
	}
	if err := c.stockPeople(0); err != nil {
		return err
	}
	made, began := make([]*passenger.Session, c.hosted), time.Now()
	err := drive.Each(c.ctx, stockWithin, c.hosted, c.workers, func(i int) error {
		check, err := c.freshCheck()
		if err != nil {
			return err
		}
		made[i], err = c.client.Host(check.application, check.check)
		return err
	})
	if err == nil {
		c.sessions, c.opened = made, began
	}
	return err
}

// stockShown reads the codes of open sessions, before each round: one is good for a
// minute at least.
func (c *crowd) stockShown(int) error {
	if err := c.stockSessions(0); err != nil {
		return err
	}
	shown := make([]string, len(c.sessions))
	err := drive.Each(c.ctx, stockWithin, len(shown), c.workers, func(i int) (err error) {
		shown[i], err = c.client.Shown(c.sessions[i])
		return err
	})
	if err == nil {
		c.shown = shown
	}
	return err
}

// stockList makes the question for the pseudonyms of a thousand persons.
func (c *crowd) stockList(int) (err error) {
	c.list, err = passenger.List(1000, time.Now())
	return err
}

func (c *crowd) identify() error {
	return c.client.Identify(c.shown[int(c.drawn.Add(1))%len(c.shown)], c.staff)
}

func (c *crowd) subjects() error { return c.client.Subjects(c.list, c.staff) }
