package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

// users are the passengers of one issuer: new, approved, or with an open session. Prepared data
// does not change while requests run.
type users struct {
	ctx        context.Context
	client     *passenger.Client
	close      func() // closes its connections
	workers    int
	people     int // number of approved people to prepare
	hosted     int // number of sessions to prepare
	nextPerson atomic.Int64
	turn       atomic.Int64 // applications and sessions are used in turn
	used       atomic.Int64 // checks used

	approved []*passenger.Application
	checks   []passed
	sessions []*passenger.Session
	opened   time.Time       // when the sessions were opened
	staff    string          // credential of a window and a ticketing system
	shown    []string        // current codes of the sessions
	question json.RawMessage // for pseudonyms
}

// passed is a check that can open a session.
type passed struct {
	application *passenger.Application
	check       string
}

// Bounds on preparation.
const (
	prepareWithin = 5 * time.Minute
	// checksWithin leaves the rest of a check's two minutes to the round.
	checksWithin = 60 * time.Second
	// sessionsFor is how long open sessions are used, of their 30 minutes.
	sessionsFor = 20 * time.Minute
)

func newUsers(ctx context.Context, url, staff string, connections, people, sessions int) *users {
	client, done := newClient(url, connections)
	return &users{ctx: ctx, staff: staff, client: client, close: done, workers: connections, people: people, hosted: sessions}
}

var errPeopleUsedUp = errors.New("all invented people have applied: use a shorter run")

// approve applies for the next new person and passes the face check.
func (u *users) approve() (*passenger.Application, string, error) {
	n := int(u.nextPerson.Add(1) - 1)
	if n >= passenger.People {
		return nil, "", errPeopleUsedUp
	}
	return u.client.Approve(u.ctx, passenger.Resident(passenger.Benchmark, n))
}

// preparePeople has applications approved, once.
func (u *users) preparePeople(int) error {
	if len(u.approved) == u.people {
		return nil
	}
	made := make([]*passenger.Application, u.people)
	err := measure.Each(u.ctx, prepareWithin, u.people, u.workers, func(i int) (err error) {
		made[i], _, err = u.approve()
		return err
	})
	if err == nil {
		u.approved = made
	}
	return err
}

// freshCheck passes a check for the next approved person.
func (u *users) freshCheck() (passed, error) {
	a := u.approved[int(u.turn.Add(1))%len(u.approved)]
	check, err := u.client.Check(u.ctx, a)
	return passed{a, check}, err
}

// prepareChecks passes n checks; fewer if the first would expire before the round.
func (u *users) prepareChecks(n int) error {
	if err := u.preparePeople(0); err != nil {
		return err
	}
	made, next := make([]passed, n), atomic.Int64{}
	r, err := measure.Closed(u.ctx, checksWithin, u.workers, func(int) error {
		i := int(next.Add(1) - 1)
		if i >= n {
			return openloop.ErrOver
		}
		var err error
		made[i], err = u.freshCheck()
		return err
	})
	switch {
	case err != nil:
		return err
	case r.Declined > 0:
		return r.Declination
	}
	u.checks = made[:r.Done] // without a gap: no call was declined, and each started call was finished
	u.used.Store(0)
	return nil
}

// nextCheck returns a prepared check.
func (u *users) nextCheck() (passed, error) {
	i := int(u.used.Add(1) - 1)
	if i >= len(u.checks) {
		return passed{}, openloop.ErrOver
	}
	return u.checks[i], nil
}

// prepareSessions opens hosted sessions, and new ones before they end.
func (u *users) prepareSessions(int) error {
	if len(u.sessions) == u.hosted && time.Since(u.opened) < sessionsFor {
		return nil
	}
	if err := u.preparePeople(0); err != nil {
		return err
	}
	made, began := make([]*passenger.Session, u.hosted), time.Now()
	err := measure.Each(u.ctx, prepareWithin, u.hosted, u.workers, func(i int) error {
		check, err := u.freshCheck()
		if err != nil {
			return err
		}
		made[i], err = u.client.Host(u.ctx, check.application, check.check)
		return err
	})
	if err == nil {
		u.sessions, u.opened = made, began
	}
	return err
}

// prepareShown reads the codes of open sessions before each round: a code is valid for at least a
// minute.
func (u *users) prepareShown(int) error {
	if err := u.prepareSessions(0); err != nil {
		return err
	}
	shown := make([]string, len(u.sessions))
	err := measure.Each(u.ctx, prepareWithin, len(shown), u.workers, func(i int) error {
		code, err := u.client.Code(u.ctx, u.sessions[i])
		shown[i] = code.Text
		return err
	})
	if err == nil {
		u.shown = shown
	}
	return err
}

// subjectsPerCall is the number of persons in a request for pseudonyms.
const subjectsPerCall = 1000

// prepareQuestion prepares a request for the pseudonyms of a thousand persons.
func (u *users) prepareQuestion(int) error {
	people := make([]passenger.Person, subjectsPerCall)
	for i := range people {
		people[i] = passenger.Resident(passenger.Benchmark, i)
	}
	u.question = passenger.Question(tokens.DayOf(time.Now().Unix()), people)
	return nil
}

func (u *users) identify() error {
	return u.client.Identify(u.ctx, u.shown[int(u.turn.Add(1))%len(u.shown)], u.staff)
}

func (u *users) subjects() error {
	return u.client.Subjects(u.ctx, u.question, subjectsPerCall, u.staff)
}
