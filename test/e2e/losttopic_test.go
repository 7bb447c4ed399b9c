package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/test/runtest"
)

// The topic is lost under a running issuer, as when a broker comes back empty. The
// issuer says so, and makes it again: what was revoked meanwhile reaches the gate, and
// a gate that starts afterwards knows what was revoked before.
func TestALostTopicIsMadeAgain(t *testing.T) {
	s := newStation(t)
	s.startIssuer()
	gateway := s.startGateway()
	awaitReady(t, s.issuerURL)
	awaitReady(t, s.gatewayURL)
	before, meanwhile := s.holder(), s.holder()
	s.mustAnswer(meanwhile.text(), "ok")
	s.revoke(before.serial)
	refused := func(h *holder) func() bool { return func() bool { return s.check(h.text()) == "revoked" } }
	runtest.Eventually(t, patience, "the refusal of what was revoked before", refused(before))

	client := &kafka.Client{Addr: kafka.TCP(s.bootstrap...), Timeout: patience}
	r, err := client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{s.topic}})
	if err != nil || r.Errors[s.topic] != nil {
		t.Fatal(err, r)
	}
	runtest.Eventually(t, patience, "the issuer to say that publishing fails", func() bool {
		return strings.Contains(body(s.issuerAdmin+"/readyz"), "publishing to the control topic has failed since")
	})
	if status := get(s.issuerURL + "/readyz"); status != http.StatusOK {
		t.Errorf("the issuer's /readyz is %d", status)
	}
	s.revoke(meanwhile.serial)
	runtest.Eventually(t, 2*patience, "the refusal of what was revoked while the topic was lost", refused(meanwhile))
	runtest.Eventually(t, patience, "the issuer to say that all is well", func() bool {
		return strings.Contains(body(s.issuerAdmin+"/readyz"), `{"ready":true,"waiting":[]}`)
	})

	gateway.stop()
	s.startGateway("-snapshots.dir", "")
	awaitReady(t, s.gatewayURL)
	s.mustAnswer(before.text(), "revoked")
	s.mustAnswer(meanwhile.text(), "revoked")
}

// body is what a URL answers, or why it does not.
func body(url string) string {
	answer, err := http.Get(url)
	if err != nil {
		return fmt.Sprint(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(text)
}
