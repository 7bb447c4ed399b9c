package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
)

// stream runs the stream viewer to its end and expects texts in its output.
func (s *stations) stream(want []string, args ...string) {
	s.t.Helper()
	out, err := s.run("stream", append([]string{"-authority", s.Authority}, args...)...)
	if err != nil {
		s.t.Fatalf("railgate-stream %v: %v\n%s", args, err, out)
	}
	for _, text := range want {
		if !strings.Contains(out, text) {
			s.t.Errorf("railgate-stream %v printed no %q:\n%s", args, text, out)
		}
	}
}

// file writes a file of the test.
func (s *stations) file(name string, content []byte) string {
	s.t.Helper()
	path := filepath.Join(s.Dir, name)
	runtest.Must(s.t, os.WriteFile(path, content, 0o600))
	return path
}

// A handheld's bundle and a signed verdict are verified by the authority's public key alone, with the viewer that
// operators have: the receipt with the keys of the topic, and, as years later, with those of a file.
func TestBundleAndReceiptAreVerified(t *testing.T) {
	s := newStations(t)
	p := s.passenger()
	v := s.verdict(&passenger.Gate{URL: s.beijing.URL, Device: s.handheld, More: "&receipt=1", Send: s.client.Send}, p)
	text := p.Text(time.Now()) // of the same minute: the session was just opened
	if v.Verdict != "allow" || v.Receipt == "" {
		t.Fatalf("the verdict is %+v", v)
	}
	var bundle []byte
	runtest.Eventually(t, patience, "a bundle", func() bool {
		a, err := s.client.Send(t.Context(), passenger.Request{Method: http.MethodGet, URL: s.shanghai.URL + "/v1/bundle", Bearer: s.handheld})
		bundle = a.Body
		return err == nil && a.Status == http.StatusOK
	})
	path := s.file("bundle", bundle)
	s.stream([]string{"bundle  gateway 2  full", "genuine", `device "handheld"`, `station "` + passenger.To + `"`, "passages since"}, "-bundle", path)

	receipt, code, keys := s.file("receipt", []byte(v.Receipt)), s.file("code", []byte(text)), filepath.Join(s.Dir, "keys-of-the-topic")
	topic := []string{"-brokers", strings.Join(s.Brokers, ","), "-topic", s.Topic}
	// Flagged, since the passenger has no ticket.
	want := []string{"receipt  gateway 1", "verdict  allow_flagged  reason ok", `device "handheld"`, "the receipt is about the code in", "genuine"}
	s.stream(want, append(topic, "-receipt", receipt, "-code", code)...)
	s.stream([]string{"2 gateways"}, append(topic, "-export_keys", keys)...)
	s.stream(want, "-receipt", receipt, "-code", code, "-keys", keys)

	bundle[len(bundle)/2] ^= 1
	if out, err := s.run("stream", "-authority", s.Authority, "-bundle", s.file("changed-bundle", bundle)); err == nil || strings.Contains(out, "genuine") {
		t.Errorf("a changed bundle is accepted: %s", out)
	}
	other := s.passenger()
	changed := s.file("another-code", []byte(other.Text(time.Now())))
	if out, err := s.run("stream", "-authority", s.Authority, "-receipt", receipt, "-keys", keys, "-code", changed); err == nil || !strings.Contains(out, "about another code") {
		t.Errorf("the receipt is accepted for another code: %v %s", err, out)
	}
}

// Under load every code passes once: at the same device, and at the other station.
func TestSecondUsesUnderLoad(t *testing.T) {
	s := newStations(t)
	flags := []string{"-gateway", s.beijing.URL, "-issuer", s.issuer.URL, "-second", s.handheld,
		"-rate", "300", "-duration", "6s", "-warmup", "500ms", "-revoked", "5", "-mix", "fresh=50,rescan=30,stale=4,tampered=3,revoked=3,reused=10"}
	s.load(flags...)
	s.load(append(flags, "-second-gateway", s.shanghai.URL)...)
	s.noConflicts()
}

// noConflicts expects that no passage of the topic is a second use.
func (s *stations) noConflicts() {
	s.t.Helper()
	s.stream([]string{"0 conflicts"}, "-brokers", strings.Join(s.Brokers, ","), "-topic", s.Topic, "-passages", s.Topic+".passages", "-conflicts")
}
