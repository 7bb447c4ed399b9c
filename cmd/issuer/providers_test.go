package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

// providers configures a fake face-check provider and a fake resident registry.
func (h *harness) providers(faces, cards *fakeprovider.Provider) {
	h.t.Helper()
	secret := filepath.Join(h.dir, "provider.secret")
	runtest.Must(h.t, provider.WriteSecret(secret, fakeprovider.Secret("one")))
	h.flags = []string{
		"-face_check.provider", "http", "-face_check.http.label", "faces", "-face_check.http.callback_url", h.client.Issuer + "/v1/face-check/callback",
		"-face_check.http.service.url", faces.URL(), "-face_check.http.service.secret_files", secret,
		"-residents.provider", "http", "-residents.http.label", "cards",
		"-residents.http.service.url", cards.URL(), "-residents.http.service.secret_files", secret,
	}
}

// The face-check provider answers later, by a callback to the issuer's public listener.
// The registry answers immediately.
func TestFaceCheckIsDecidedByCallback(t *testing.T) {
	h := newHarness(t)
	callback := h.client.Issuer + "/v1/face-check/callback"
	later := func(decision string) fakeprovider.Behavior {
		return func(p *fakeprovider.Provider, w http.ResponseWriter, c fakeprovider.Call) {
			fakeprovider.Answer(http.StatusAccepted, `{"decision":"later"}`)(p, w, c)
			w.(http.Flusher).Flush()
			body := fmt.Sprintf(`{"request":%q,"decision":%q}`, c.Signature.ID, decision)
			if status, _ := fakeprovider.Send(t, p.Keys, callback, []byte(body), time.Now()); status != http.StatusOK {
				t.Errorf("the callback was answered %d", status)
			}
		}
	}
	faces := fakeprovider.Start(t, later("passed"))
	cards := fakeprovider.Start(t, fakeprovider.Answer(http.StatusOK, `{"match":"matched"}`))
	h.providers(faces, cards)
	runtest.HasNot(t, h.mustRun("-check"), "SANDBOX")
	h.startReady()
	h.wantSessionKey(h.keys.IssuerID, h.approved("what the camera saw"))
	var sent struct {
		Evidence string
		Number   string `json:"document_number"`
	}
	for _, p := range []*fakeprovider.Provider{faces, cards} {
		if calls := p.Calls(); len(calls) != 1 || json.Unmarshal(calls[0].Body, &sent) != nil || sent.Number != person(1).DocumentNumber {
			t.Fatalf("a provider received %d calls with %+v", len(calls), sent)
		}
	}
	if sent.Evidence != "what the camera saw" {
		t.Errorf("the face-check provider received the evidence %q", sent.Evidence)
	}

	faces.Do(later("failed"))
	h.people++
	a, err := h.client.Apply(t.Context(), person(h.people))
	runtest.Must(t, err)
	status, answer := h.call("POST", a.Path("/checks"), a.Access, `{"evidence":"a picture of a picture"}`)
	if status < 400 || !strings.Contains(answer, "real_person_check_failed") {
		t.Fatalf("a failed check was answered %d %s", status, answer)
	}
}

// -new-provider-secret does not print the secret and never overwrites a file.
func TestProviderSecretIsCreated(t *testing.T) {
	h := newHarness(t)
	file := filepath.Join(h.dir, "faces.secret")
	out := h.mustRun("-new-provider-secret", file)
	s, err := provider.ReadSecret(file, ownfile.Trust{})
	runtest.Must(t, err)
	text, err := os.ReadFile(file)
	runtest.Must(t, err)
	runtest.Has(t, out, "secret "+s.Key)
	if digits := strings.TrimPrefix(strings.Split(string(text), "\n")[2], "secret "); len(digits) != 64 || strings.Contains(out, digits) {
		t.Error("the secret was printed")
	}
	h.wantError("exists", "-new-provider-secret", file)
}
