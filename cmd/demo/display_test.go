package main

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
)

// openDisplay returns a running system and the display of its first passenger.
func openDisplay(t *testing.T) (*system, *display) {
	t.Helper()
	h, err := openSystem(anywhere, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.close() })
	if err := h.awaitReady(); err != nil {
		t.Fatal(err)
	}
	return h, &display{phone: phone{system: h}, passenger: firstPassenger}
}

var revokeLine = regexp.MustCompile(`curl -s -H 'Authorization: Bearer (\S+)' -H 'Content-Type: application/json' -d '\{"reason":"lost_phone"\}' (\S+/revoke)`)

// The command that the demo prints revoked the displayed credential, and the demo ended at the next
// code with "answered 409, want 201".
func TestPrintedRevokeCommandDoesNotEndTheDemo(t *testing.T) {
	h, s := openDisplay(t)
	var out strings.Builder
	p := &page{out: &out}
	for range 4 { // more applications than a person may make in a month
		out.Reset()
		code, notice, err := s.next()
		if err != nil {
			t.Fatalf("%v; notice %q", err, notice)
		}
		p.print(s, code, notice)
		if v, err := h.scan(h.gate(h.beijing, entryGate), code.Text, "entry"); err != nil || v.Verdict != "allow" {
			t.Fatalf("the displayed code: %+v, %v", v, err)
		}
		line := revokeLine.FindStringSubmatch(out.String())
		if line == nil {
			t.Fatalf("no command that revokes:\n%s", out.String())
		}
		if s.passenger > firstPassenger && !strings.Contains(notice, "another passenger has applied") {
			t.Errorf("the notice of the new application is %q", notice)
		}
		if answer, err := h.post(strings.TrimPrefix(line[2], h.issuer), line[1], map[string]any{"reason": "lost_phone"}); err != nil || answer.Status != 202 {
			t.Fatalf("revoke: %d, %v", answer.Status, err)
		}
	}
	if s.passenger != firstPassenger+3 {
		t.Errorf("%d passengers applied, want 4", s.passenger-firstPassenger+1)
	}
}

var streamLine = regexp.MustCompile(`go run ./cmd/stream -brokers (\S+) -topic (\S+) -authority ([0-9a-f]{64}) -follow`)

// A developer of a stream reader can try it on the demo with the printed command: every message
// verifies with that key, and the revocation is among them.
func TestPrintedStreamCommandReadsTheStream(t *testing.T) {
	h, s := openDisplay(t)
	code, _, err := s.next()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	(&page{out: &out}).print(s, code, "")
	line := streamLine.FindStringSubmatch(out.String())
	if line == nil {
		t.Fatalf("no command that reads the stream:\n%s", out.String())
	}
	authority, err := revocation.ParseAuthority(line[3])
	if err != nil {
		t.Fatal(err)
	}
	replica, err := revocation.NewReplica(authority, partitions, revocation.Limits{}, h.clock.now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	follower := stream.New(func() (stream.Link, error) {
		return kafka.Open(kafka.Config{Brokers: strings.Split(line[1], ","), Topic: line[2], ClientID: "stranger"})
	}, line[2], replica, h.clock.now, zap.NewNop())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go follower.Run(ctx)
	if answer, err := h.post("/v1/credentials/"+s.serial()+"/revoke", h.staff, map[string]any{"reason": "lost_phone"}); err != nil || answer.Status != 202 {
		t.Fatalf("revoke: %d, %v", answer.Status, err)
	}
	runtest.Eventually(t, 30*time.Second, "the revocation in the stream", func() bool { return replica.Revoked(s.application.Serial) })
	counts := replica.Status(h.clock.now().UnixMilli()).Counts.Outcomes
	if n := counts[revocation.Forged] + counts[revocation.WrongAuthority] + counts[revocation.Unreadable]; n != 0 {
		t.Errorf("%d messages do not verify under the printed key", n)
	}
}

var handheldLine = regexp.MustCompile(`curl -s -H 'Authorization: Bearer (\S+)' --data-binary "\$CODE" '(\S+)/v1/check\?scope=entry(&receipt=1)'`)

// The printed command for the handheld shows what a verdict says beyond the code.
func TestPrintedHandheldCommandShowsTheWholeVerdict(t *testing.T) {
	h, s := openDisplay(t)
	code, _, err := s.next()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	(&page{out: &out}).print(s, code, "")
	line := handheldLine.FindStringSubmatch(out.String())
	if line == nil {
		t.Fatalf("no command for the handheld:\n%s", out.String())
	}
	v, err := h.scan(passenger.Gate{URL: line[2], Device: line[1], More: line[3], Send: h.send}, code.Text, "entry")
	if err != nil || v.Verdict != "allow" {
		t.Fatalf("the verdict is %+v, %v", v, err)
	}
	if v.Passback.Result != "first" || v.Ticket.State != "none" || v.Receipt == "" {
		t.Errorf("passback %+v, ticket %+v, a receipt of %d characters", v.Passback, v.Ticket, len(v.Receipt))
	}
}
