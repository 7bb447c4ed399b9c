package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

// codePassesOnce shows one code at two stations. The gateways tell each other of passages over the broker.
func (s *story) codePassesOnce(_, _ *phone) error {
	s.title("A code passes once, at all stations together")
	p, err := s.approved(4)
	if err != nil {
		return err
	}
	here, there := s.gate(s.beijing, turnstile), s.gate(s.shanghai, turnstile)
	code := p.code(p.step())
	known := s.shanghai.passagesRead()
	s.passes(here, "the passenger enters at Beijing South", code, "ok, first")
	told := time.Now()
	for s.shanghai.passagesRead() == known && time.Since(told) < effective {
		time.Sleep(100 * time.Microsecond)
	}
	s.note(sinceMS("the gateway of "+s.shanghai.english+" knows it %.1f ms later", told))
	s.passes(there, "a second person shows a photograph of the code there", code, "already_used, fraud")
	s.passes(here, "the first gate reads the same code once more", code, "ok, repeated")
	s.passes(s.gate(s.beijing, barrier), "another gate of the same station refuses it", code, "already_used, passenger")

	answer, err := s.post("/v1/passages/forgive", s.staff, map[string]string{"serial": p.serial(), "reason": "gate_fault"})
	forgiven := time.Now()
	s.issued("staff let the passage not count, since the gate failed", err, fmt.Sprint(answer.Status), "202")
	v, err := s.await(forgiven, there, code, "ok")
	s.comparePassage(sinceMS("the gate at Shanghai Hongqiao accepts it %.1f ms later", forgiven), err, v, "ok, forgiven")
	return nil
}

// barrierTurns shows a gate that reports whether its barrier turned: a scan holds the code, the report uses it up.
func (s *story) barrierTurns(_, _ *phone) error {
	s.title("A gate that reports its barrier uses a code up only when a person went through")
	p, err := s.approved(5)
	if err != nil {
		return err
	}
	gate := s.gate(s.beijing, barrier)
	code := p.code(p.step())
	s.passes(gate, "the barrier opens for the passenger", code, "ok, held")
	s.passes(s.gate(s.beijing, turnstile), "meanwhile another gate refuses the code", code, "already_used, passenger")
	s.reported(gate, "the barrier did not turn", p.serial(), false, "released")
	s.passes(gate, "the same passenger tries again", code, "ok, held")
	s.reported(gate, "the barrier turned", p.serial(), true, "passed")
	s.passes(s.gate(s.beijing, turnstile), "now the code is used up", code, "already_used, passenger")
	return nil
}

// approved returns the phone of the n-th passenger with an open session.
func (s *story) approved(n int) (*phone, error) {
	p := &phone{system: s.system}
	if err := p.apply(n); err != nil {
		return nil, err
	}
	return p, p.openSession()
}

// passes scans a code and compares the verdict and what it says about a second use.
func (s *story) passes(at passenger.Gate, what string, code tokens.Token, want string) {
	v, err := s.scan(at, code.Text(), "entry")
	s.comparePassage(what, err, v, want)
}

func (s *story) comparePassage(what string, err error, v passenger.Verdict, want string) {
	got := v.Reason + v.Code + ", " + v.Passback.Result
	if v.Verdict == "deny" {
		got = v.Reason + ", " + v.Class
	}
	if v.Passback.State != "exact" {
		got += ", " + v.Passback.State
	}
	s.step(light(v.Verdict == "allow"), what, got, want, s.took, err)
}

// reported sends a gate's report on its barrier.
func (s *story) reported(at passenger.Gate, what, serial string, passed bool, want string) {
	body, err := json.Marshal(map[string]any{"serial": serial, "scope": "entry", "passed": passed})
	var answer passenger.Answer
	if err == nil {
		answer, err = s.send(context.Background(), passenger.Request{Method: http.MethodPost, URL: at.URL + "/v1/passages", Bearer: at.Device, Body: body})
	}
	var report struct{ Result string }
	if err == nil {
		err = answer.Read("report of the barrier", http.StatusOK, &report)
	}
	s.step("gate", what, report.Result, want, s.took, err)
}

// passagesRead returns the number of passages that the gateway has read from the topic.
func (s *station) passagesRead() uint64 { return s.feeds.Exchange.Reader.Stats().Passages }
