package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

const (
	stolen    = 8 // the passenger whose phone is stolen
	uncertain = 9 // the passenger whose ticket the handheld cannot know
	inTunnel  = 3 * time.Minute
)

// tunnel shows a handheld without a network. Meanwhile a photograph of a code that it admitted passes at another
// station, and the conflict is found when the handheld reports its scans.
func (s *story) tunnel(a, _ *phone) error {
	s.title("A handheld works in a tunnel, and what it could not know is found afterwards")
	b, err := s.approved(stolen)
	if err != nil {
		return err
	}
	if _, err := s.sell(s.ticket("E3", "G9", time.Hour, "08", "3C")); err != nil {
		return err
	}
	h := s.handset(s.beijing)
	if err := s.equip(h, a.code(a.step()), b); err != nil {
		return err
	}

	s.note("the handheld loses the network")
	shown := a.code(a.step())
	s.offline(h, "the handheld admits the passenger of G9", shown, "ok, G9 08 3C")
	s.offline(h, "it refuses the code of the stolen phone", b.code(b.step()), "revoked")
	s.passes(s.gate(s.shanghai, turnstile), "a gate elsewhere cannot know: a photograph passes", shown, "ok, first")
	if err := s.later(inTunnel, "3 minutes pass in the tunnel"); err != nil {
		return err
	}
	other, err := s.approved(uncertain)
	if err != nil {
		return err
	}
	v := s.offline(h, "it admits, flagged, where it does not know a ticket", other.code(other.step()), "ok, flagged")
	s.note(fmt.Sprintf("it says that its data is %d s old, and %s", v.AgeMS/1000, v.State))

	s.note("the network is back")
	scans := h.verifier.Pending(100)
	for _, what := range []string{"it reports its scans; the first code was used twice", "it reports them again, with the same result"} {
		verdicts, err := h.upload(scans)
		if err == nil && len(verdicts) != 2 {
			err = fmt.Errorf("%d scans were reported, want 2", len(verdicts))
		}
		got := ""
		if err == nil {
			got = verdicts[0].Passback.Result + ", " + verdicts[1].Passback.Result
		}
		s.step("upload", what, got, "used, first", s.took, err)
	}
	for _, u := range scans {
		h.verifier.Uploaded(u.Key)
	}
	var gap int64
	for _, at := range []*station{s.beijing, s.shanghai} {
		c, err := s.awaitConflict(at, a.serial())
		gap = c.GapMS
		s.step("report", "the gateway of "+at.english+" lists the conflict", place(&c.First)+", "+place(&c.Second), "handheld 1, turnstile 2", s.took, err)
	}
	s.note(fmt.Sprintf("the handheld at station 1 read the code first, the gate at station 2 %d ms later", gap))
	return nil
}

// place names a device and its station's gateway.
func place(p *passage.PassageLine) string { return fmt.Sprintf("%s %d", p.Device, p.Gateway) }

// equip gives the handheld a bundle, and then the changes: the code of the phone b is revoked in between.
func (s *story) equip(h *handset, ticketed tokens.Token, b *phone) error {
	kind, size, err := "", 0, error(nil)
	// Until the booking is in the bundle: the gateway makes its content anew every 50 ms.
	for end := time.Now().Add(effective); time.Now().Before(end); time.Sleep(time.Millisecond) {
		h.verifier = bundle.NewVerifier(s.pinned, handheld)
		if kind, size, err = h.fetch("G9"); err != nil || h.knowsTicket(ticketed) {
			break
		}
	}
	s.step("bundle", fmt.Sprintf("a handheld fetches all it needs for G9: %d bytes", size), kind, "full", s.took, err)
	answer, err := s.post("/v1/credentials/"+b.serial()+"/revoke", s.staff, map[string]string{"reason": "lost_phone"})
	s.issued("acknowledges the revocation of a stolen phone", err, fmt.Sprint(answer.Status), "202")
	for end := time.Now().Add(effective); time.Now().Before(end) && err == nil && !h.verifier.Revoked(b.application.Serial); time.Sleep(time.Millisecond) {
		kind, size, err = h.fetch("G9")
	}
	s.step("bundle", fmt.Sprintf("the handheld fetches the changes: %d bytes", size), kind, "delta", s.took, err)
	return nil
}

// knowsTicket reports whether the handheld would show a ticket for the code. The scan is onboard, which uses
// nothing up.
func (h *handset) knowsTicket(code tokens.Token) bool {
	v := h.verifier.Check(&bundle.Scan{Text: []byte(code.Text()), Scope: tokens.Onboard, Train: "G9", Clock: h.reading()})
	return v.Ticket.Train != ""
}

// offline compares the handheld's own verdict with the expected one.
func (s *story) offline(h *handset, what string, code tokens.Token, want string) bundle.Verdict {
	began := time.Now()
	v := h.check(code)
	took := time.Since(began)
	got := v.Reason.String()
	if v.Ticket.Train != "" {
		got = seat(got, v.Ticket.Train, v.Ticket.Coach, v.Ticket.Seat)
	}
	if v.Flagged && v.Ticket.Train == "" {
		got += ", flagged"
	}
	s.step(light(v.Reason == tokens.ReasonOK), what, got, want, took, nil)
	return v
}

// awaitConflict asks a gateway for its conflicts until there is one of the serial, for at most the time in which a
// change becomes effective.
func (s *story) awaitConflict(at *station, serial string) (c passage.ConflictLine, err error) {
	for end := time.Now().Add(effective); time.Now().Before(end); time.Sleep(time.Millisecond) {
		answer, err := s.send(context.Background(), passenger.Request{Method: http.MethodGet, URL: at.admin + "/conflicts"})
		if err == nil {
			err = answer.Read("conflicts", http.StatusOK, nil)
		}
		if err != nil {
			return c, err
		}
		for line := range bytes.Lines(answer.Body) {
			if err := json.Unmarshal(line, &c); err != nil {
				return c, err
			}
			if c.Serial == serial {
				return c, nil
			}
		}
	}
	return c, fmt.Errorf("no conflict of the credential within %v", effective)
}
