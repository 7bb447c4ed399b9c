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

// providers are a service of face checks and a registry of cards.
func (d *system) providers(faces, cards *fakeprovider.Provider) {
	d.t.Helper()
	secret := filepath.Join(d.dir, "partner.secret")
	runtest.Must(d.t, provider.WriteSecret(secret, fakeprovider.Secret("one")))
	d.flags = []string{
		"-face_check.provider", "http", "-face_check.http.label", "faces", "-face_check.http.callback_url", d.client.Issuer + "/v1/face-check/callback",
		"-face_check.http.service.url", faces.URL(), "-face_check.http.service.secret_files", secret,
		"-residents.provider", "http", "-residents.http.label", "cards",
		"-residents.http.service.url", cards.URL(), "-residents.http.service.secret_files", secret,
	}
}

// The provider of face checks decides later, by calling back at the issuer's own
// listener; the registry answers at once.
func TestProvidersAreElsewhere(t *testing.T) {
	d := newSystem(t)
	callback := d.client.Issuer + "/v1/face-check/callback"
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
	d.providers(faces, cards)
	runtest.HasNot(t, d.does("-check"), "SANDBOX")
	d.serves()
	d.signedWith(d.keys.IssuerID, d.approved("what the camera saw"))
	var asked struct {
		Evidence string
		Number   string `json:"document_number"`
	}
	for _, p := range []*fakeprovider.Provider{faces, cards} {
		if calls := p.Calls(); len(calls) != 1 || json.Unmarshal(calls[0].Body, &asked) != nil || asked.Number != person(1).DocumentNumber {
			t.Fatalf("%d calls; %+v", len(calls), asked)
		}
	}
	if asked.Evidence != "what the camera saw" {
		t.Errorf("the provider saw %q", asked.Evidence)
	}

	faces.Do(later("failed"))
	d.people++
	a, err := d.client.Apply(t.Context(), person(d.people))
	runtest.Must(t, err)
	status, answer := d.call("POST", a.Path("/checks"), a.Access, `{"evidence":"a picture of a picture"}`)
	if status < 400 || !strings.Contains(answer, "real_person_check_failed") {
		t.Fatalf("a check that failed: %d %s", status, answer)
	}
}

// A secret is made for one service, and never over another.
func TestPartnerSecretIsMade(t *testing.T) {
	d := newSystem(t)
	file := filepath.Join(d.dir, "faces.secret")
	out := d.does("-new-provider-secret", file)
	s, err := provider.ReadSecret(file, ownfile.Trust{})
	runtest.Must(t, err)
	text, err := os.ReadFile(file)
	runtest.Must(t, err)
	runtest.Has(t, out, "secret "+s.Key)
	if digits := strings.TrimPrefix(strings.Split(string(text), "\n")[2], "secret "); len(digits) != 64 || strings.Contains(out, digits) {
		t.Error("the secret was printed")
	}
	d.refused("exists", "-new-provider-secret", file)
}
