package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

const (
	callTimeout  = 5 * time.Second  // bounds a request
	readyTimeout = 30 * time.Second // bounds the wait for readiness, on a busy machine too
)

// A request that a gateway was too busy to answer is repeated after overloadPause, for at most overloadPatience:
// receipts and bundles are the first to be refused on a busy machine.
const (
	overloadPause    = 20 * time.Millisecond
	overloadPatience = 20 * time.Second
)

var overHTTP = passenger.HTTP(&http.Client{Timeout: callTimeout})

// send sends a request and records the response time. On a busy machine a gateway may answer that it is
// overloaded. As devices do, send then repeats the request a moment later.
func (h *system) send(ctx context.Context, r passenger.Request) (answer passenger.Answer, err error) {
	for end := time.Now().Add(overloadPatience); ; time.Sleep(overloadPause) {
		began := time.Now()
		answer, err = overHTTP(ctx, r)
		h.took = time.Since(began)
		if err != nil || answer.Status != http.StatusServiceUnavailable || answer.Code() != "overloaded" || time.Now().After(end) {
			return answer, err
		}
	}
}

// post sends a JSON body to the issuer and returns any answer.
func (h *system) post(path, bearer string, body any) (passenger.Answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return passenger.Answer{}, err
	}
	return h.send(context.Background(), passenger.Request{Method: "POST", URL: h.issuer + path, Bearer: bearer, Body: text})
}

// gate returns a device of a station. One that the station does not have has no credential.
func (h *system) gate(s *station, device string) passenger.Gate {
	return passenger.Gate{URL: s.url, Device: s.devices[device], Send: h.send}
}

// scan checks a code for one scope, as a gate does.
func (h *system) scan(at passenger.Gate, text, scope string) (passenger.Verdict, error) {
	return at.Check(context.Background(), text, scope)
}

// phone is a passenger's app: it applies, passes the face check, opens sessions and shows codes.
type phone struct {
	*system
	application *passenger.Application
	session     *passenger.Session
}

// person returns the n-th passenger.
func person(n int) passenger.Person { return passenger.Resident(passenger.Tests, n) }

func (p *phone) apply(n int) (err error) {
	p.application, err = p.client.Apply(context.Background(), person(n))
	return err
}

func (p *phone) serial() string { return p.application.Serial.String() }

// openSession passes a face check and opens a session whose seed never leaves the phone. The first
// check approves the application.
func (p *phone) openSession() error {
	check, err := p.client.Check(context.Background(), p.application)
	if err != nil {
		return err
	}
	var seed tokens.Link
	rand.Read(seed[:])
	p.session, err = p.client.Show(context.Background(), p.application, check, seed)
	return err
}

// openHosted opens a session whose seed the issuer stores, for phones that cannot.
func (p *phone) openHosted() error {
	check, err := p.client.Check(context.Background(), p.application)
	if err != nil {
		return err
	}
	p.session, err = p.client.Host(context.Background(), p.application, check)
	return err
}

// hostedCode fetches the code of a hosted session.
func (p *phone) hostedCode() (passenger.Shown, error) {
	return p.client.Code(context.Background(), p.session)
}

// step returns the session's current step.
func (p *phone) step() int { return p.session.Step(p.clock.now()) }

// code returns the code that the phone shows in a step.
func (p *phone) code(step int) tokens.Token { return p.session.Code(step) }
