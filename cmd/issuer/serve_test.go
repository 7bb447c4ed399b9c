package main

import (
	"net/http"
	"testing"

	"github.com/railgate/railgate/test/runtest"
)

// An issuer that is told to end says so on /readyz first, and serves on meanwhile.
func TestIssuerDrainsBeforeItStops(t *testing.T) {
	d := newDesk(t)
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
