package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// An issuer that is told to end says so on /readyz first, and serves on meanwhile.
func TestIssuerDrainsBeforeItStops(t *testing.T) {
	d := newSystem(t)
	d.flags = []string{"-drain_delay", "3s"}
	stop := d.serves()
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	runtest.Eventually(t, patience, "/readyz to turn", func() bool {
		status, _ := d.call("GET", "/readyz", "", "")
		return status == http.StatusServiceUnavailable
	})
	if status, answer := d.call("GET", "/v1/privacy-policy", "", ""); status != http.StatusOK {
		t.Errorf("a request while it drains: %d %s", status, answer)
	}
	<-ended
	if status, _ := d.call("GET", "/healthz", "", ""); status != 0 {
		t.Errorf("it answers %d after it stopped", status)
	}
}

// A broker comes back empty under a running issuer. The issuer says so, and makes
// the topic: an order that was given meanwhile reaches a gateway that starts now.
func TestATopicIsLostUnderARunningIssuer(t *testing.T) {
	d := newSystem(t)
	d.serves()
	if status, answer := d.readiness(); status != http.StatusOK || answer != "{\"ready\":true,\"waiting\":[]}" {
		t.Fatalf("all is well, and /readyz says %d %s", status, answer)
	}
	runtest.Must(t, d.broker.Cluster.DeleteTopic(d.config.Kafka.Topic))
	subject, now := tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}, time.Now()
	ordered := make(chan error, 1)
	go func() {
		_, err := d.asks("-by", "night-shift", "-revoke-subject", "0102030405060708", "-before", now.Format(time.RFC3339))
		ordered <- err
	}()
	runtest.Eventually(t, patience, "/readyz to say that publishing fails", func() bool {
		status, answer := d.readiness()
		return status == http.StatusOK && strings.Contains(answer, "publishing to the control topic has failed since 20")
	})
	runtest.Eventually(t, patience, "/readyz to say that all is well", func() bool {
		_, answer := d.readiness()
		return answer == "{\"ready\":true,\"waiting\":[]}"
	})
	runtest.Must(t, <-ordered)
	runtest.Eventually(t, patience, "the order at a gateway", func() bool { return d.gateway().CutOff(subject) == now.Unix() })
}
